import type {GuestDma} from '../bus/index.ts';

/** A table lies within 64 KiB, so it has so many descriptors at most. @see PIIX3, "Physical Region Descriptor" */
const MAX_DESCRIPTORS = 8192;
const DESCRIPTOR_BYTES = 8;
const MAX_REGION_BYTES = 0x1_0000;
const EOT = 0x8000_0000;

/** A walk over a table of physical region descriptors, which is read as the transfer goes on. */
export class PrdCursor {
  /** Where the bytes of the last `take` are. */
  address = 0;
  private readonly dma: GuestDma;
  private next = 0;
  private descriptors = 0;
  private regionAddress = 0;
  private regionBytes = 0;
  private isLast = true;

  constructor(dma: GuestDma) {
    this.dma = dma;
  }

  /** Begins a table. */
  start(table: number): void {
    this.next = table;
    this.descriptors = 0;
    this.regionBytes = 0;
    this.isLast = false;
  }

  /** No bytes are left. */
  get isAtEnd(): boolean {
    return this.regionBytes === 0 && this.isLast;
  }

  /** Takes up to `bytes` of one region; 0 at the end of the table. */
  take(bytes: number): number {
    if (this.regionBytes === 0 && !this.load()) return 0;
    const taken = Math.min(bytes, this.regionBytes);
    this.address = this.regionAddress;
    this.regionAddress += taken;
    this.regionBytes -= taken;
    return taken;
  }

  private load(): boolean {
    if (this.isLast || this.descriptors === MAX_DESCRIPTORS) return false;
    const flags = this.dma.readU32(this.next + 4);
    this.regionAddress = (this.dma.readU32(this.next) & ~1) >>> 0;
    this.regionBytes = flags & 0xfffe || MAX_REGION_BYTES;
    this.isLast = (flags & EOT) !== 0;
    this.next += DESCRIPTOR_BYTES;
    this.descriptors++;
    return true;
  }
}
