import type {GuestDma} from '../bus/index.ts';

const TWO_32 = 2 ** 32;

/** Bytes of a descriptor, with RealTek as with Intel. */
export const DESCRIPTOR_BYTES = 16;

/** A 64-bit address of two words; those that no memory can have stay what they are. */
export const address64 = (low: number, high: number): number => low + high * TWO_32;

/** A copy of a descriptor in the guest's memory: fetched, looked at, and stored. */
export class Descriptor {
  readonly words = new Uint32Array(DESCRIPTOR_BYTES / 4);
  readonly bytes = new Uint8Array(this.words.buffer);
  private readonly dma: GuestDma;

  constructor(dma: GuestDma) {
    this.dma = dma;
  }

  fetch(address: number): void {
    this.dma.read(address, this.bytes);
  }

  /** Writes `bytes` of it back, from `offset` on. */
  store(address: number, offset = 0, bytes = DESCRIPTOR_BYTES): void {
    this.dma.write(address + offset, this.bytes.subarray(offset, offset + bytes));
  }
}
