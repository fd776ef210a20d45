/** Values of SET FEATURES, "Set transfer mode": a kind in the high five bits, a mode of it in the others. */
const MULTIWORD_DMA_KIND = 4;
const ULTRA_DMA_KIND = 8;

/** Highest mode of each kind that our drives take. @see ATA/ATAPI-7, "Set transfer mode" */
const highestModes: Readonly<Record<number, number>> = {
  0: 1, // Default PIO mode, with and without IORDY.
  1: 4, // PIO flow control.
  [MULTIWORD_DMA_KIND]: 2,
  [ULTRA_DMA_KIND]: 5,
};

/** Modes 0 to 2, and 0 to 5, as IDENTIFY words 63 and 88 show what is supported. */
const MULTIWORD_DMA_MODES = 0x07;
const ULTRA_DMA_MODES = 0x3f;

/** The mode that data move in, which is only a number where there is no cable. */
export class TransferMode {
  private kind = ULTRA_DMA_KIND;
  private mode = 5;

  /** False: there is no such mode. */
  set(value: number): boolean {
    const kind = value >>> 3;
    const mode = value & 7;
    if (!(mode <= (highestModes[kind] ?? -1))) return false;
    this.kind = kind;
    this.mode = mode;
    return true;
  }

  /** Word 63 of IDENTIFY. */
  get multiwordDma(): number {
    return MULTIWORD_DMA_MODES | this.selected(MULTIWORD_DMA_KIND);
  }

  /** Word 88. */
  get ultraDma(): number {
    return ULTRA_DMA_MODES | this.selected(ULTRA_DMA_KIND);
  }

  private selected(kind: number): number {
    return kind === this.kind ? 0x100 << this.mode : 0;
  }
}
