import type {GuestDma} from '../bus/index.ts';

/** A range of addresses that is in the chip itself. */
export interface OwnRange {
  /** Where the guest has put it; undefined: nowhere. */
  readonly base: () => number | undefined;
  readonly sizeBytes: number;
  readonly read: (offset: number, into: Uint8Array) => void;
  readonly write: (offset: number, bytes: Uint8Array) => void;
}

/** What the chip reaches by physical addresses: the guest's memory, and its own RAM and registers where they are mapped. */
export class ChipMemory {
  private readonly dma: GuestDma;
  private readonly own: readonly OwnRange[];
  private readonly word = new Uint8Array(4);

  constructor(dma: GuestDma, own: readonly OwnRange[]) {
    this.dma = dma;
    this.own = own;
  }

  read(address: number, into: Uint8Array): void {
    const found = this.find(address, into.length);
    if (found === undefined) this.dma.read(address, into);
    else found.range.read(found.offset, into);
  }

  write(address: number, bytes: Uint8Array): void {
    const found = this.find(address, bytes.length);
    if (found === undefined) this.dma.write(address, bytes);
    else found.range.write(found.offset, bytes);
  }

  readU32(address: number): number {
    const {word} = this;
    this.read(address, word);
    return (word[0] | (word[1] << 8) | (word[2] << 16) | (word[3] << 24)) >>> 0;
  }

  private find(address: number, length: number): {range: OwnRange; offset: number} | undefined {
    for (const range of this.own) {
      const offset = address - (range.base() ?? Number.POSITIVE_INFINITY);
      if (offset >= 0 && offset + length <= range.sizeBytes) return {range, offset};
    }
    return undefined;
  }
}
