import type {HypervisorOps} from '../../../hypervisor/index.ts';
import type {Gfn} from '../../../hypervisor/ids.ts';
import {PAGE_SIZE} from '../../../hypervisor/memory/index.ts';

const DESCRIPTOR_WORDS = 2;
const EOT = 0x8000_0000;

/** The guest's frames that a channel's transfers go through: taken as they are needed, and kept. */
export class ChannelMemory {
  private readonly ops: Pick<HypervisorOps, 'memory' | 'pages'>;
  private readonly frames: Gfn[] = [];
  private table: Gfn | undefined;

  constructor(ops: Pick<HypervisorOps, 'memory' | 'pages'>) {
    this.ops = ops;
  }

  /** Words of all of the guest's memory. */
  get words(): Uint16Array {
    return this.ops.memory.u16;
  }

  /** Makes room for a transfer. False: there are not enough frames. */
  reserve(bytes: number): boolean {
    this.table ??= this.ops.pages.alloc();
    while (this.frames.length * PAGE_SIZE < bytes) {
      const frame = this.ops.pages.alloc();
      if (frame === undefined) return false;
      this.frames.push(frame);
    }
    return this.table !== undefined;
  }

  /** Copies a request's bytes to where its transfer begins. */
  fill(bytes: Uint8Array): void {
    this.forEach(0, bytes.length, (address, at, length) => {
      this.ops.memory.u8.set(bytes.subarray(at, at + length), address);
    });
  }

  drain(into: Uint8Array): void {
    this.forEach(0, into.length, (address, at, length) => {
      into.set(this.ops.memory.u8.subarray(address, address + length), at);
    });
  }

  /** Each stretch of `length` bytes from `from` on that lies within a frame: its physical address. */
  forEach(from: number, length: number, each: (address: number, at: number, length: number) => void): void {
    for (let at = from, end = from + length; at < end;) {
      const offset = at % PAGE_SIZE;
      const piece = Math.min(PAGE_SIZE - offset, end - at);
      each(this.frames[Math.floor(at / PAGE_SIZE)] * PAGE_SIZE + offset, at, piece);
      at += piece;
    }
  }

  /** Writes the bus master's table of a transfer, and returns its physical address. */
  describe(bytes: number): number {
    const {table} = this;
    if (table === undefined) throw new Error('no memory was reserved');
    const {u32} = this.ops.memory;
    let word = (table * PAGE_SIZE) / 4;
    this.forEach(0, bytes, (address, _at, length) => {
      u32[word] = address;
      u32[word + 1] = length;
      word += DESCRIPTOR_WORDS;
    });
    u32[word - 1] = (u32[word - 1] | EOT) >>> 0;
    return table * PAGE_SIZE;
  }

  release(): void {
    for (const frame of this.frames) this.ops.pages.free(frame);
    if (this.table !== undefined) this.ops.pages.free(this.table);
    this.frames.length = 0;
    this.table = undefined;
  }
}
