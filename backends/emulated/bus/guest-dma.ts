import type {DmOps} from '../../../hypervisor/ioreq/index.ts';
import {PAGE_SHIFT, PAGE_SIZE} from '../../../hypervisor/memory/index.ts';

const BUS_ERROR = 0xff;

/**
 * A device's accesses to the guest's physical memory, which has to be there: what is not reads as all ones and takes no
 * writes, as on a bus. Addresses and lengths are bytes and may come from the guest as they are.
 */
export class GuestDma {
  private readonly dm: DmOps;
  private readonly owner: string;

  /** `owner`: the device, for the ledger. */
  constructor(dm: DmOps, owner: string) {
    this.dm = dm;
    this.owner = owner;
  }

  /** Fills `into` from the guest's memory. */
  read(address: number, into: Uint8Array): void {
    this.dm.countDma(this.owner, into.length);
    this.pieces(address, into.length, (from, bytes, isThere) => {
      const piece = into.subarray(from - address, from - address + bytes);
      if (isThere) piece.set(this.dm.memory.u8.subarray(from, from + bytes));
      else piece.fill(BUS_ERROR);
    });
  }

  write(address: number, data: Uint8Array): void {
    this.dm.countDma(this.owner, data.length);
    this.pieces(address, data.length, (from, bytes, isThere) => {
      if (!isThere) return;
      this.dm.memory.u8.set(data.subarray(from - address, from - address + bytes), from);
      this.dm.memory.onForeignWrite?.(from, bytes);
    });
  }

  /** A little-endian word at any address. */
  readU32(address: number): number {
    const word = new Uint8Array(4);
    this.read(address, word);
    return (word[0] | (word[1] << 8) | (word[2] << 16) | (word[3] << 24)) >>> 0;
  }

  writeU32(address: number, value: number): void {
    this.write(address, new Uint8Array([value, value >>> 8, value >>> 16, value >>> 24]));
  }

  /** Page by page: the guest may have given away any of them. */
  private pieces(address: number, length: number, each: (from: number, bytes: number, isThere: boolean) => void): void {
    const {memory} = this.dm;
    for (let from = address, end = address + length; from < end;) {
      const bytes = Math.min(end - from, PAGE_SIZE - (from % PAGE_SIZE));
      each(from, bytes, memory.isPopulated(Math.floor(from / 2 ** PAGE_SHIFT)));
      from += bytes;
    }
  }
}
