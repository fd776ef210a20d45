import type {DomainMemory} from '../../hypervisor/memory/index.ts';
import {NO_OFFLOAD} from './offload.ts';

/** Bytes of an Ethernet header: destination, source, type. */
export const ETH_HLEN = 14;

const FIRST_ROOM = 16;

/**
 * Some frames in the memory of the domain that runs the network, on their way through it: where each lies and how long
 * it is. Whoever is handed a batch copies what it needs before it returns; the bytes are overwritten after that.
 */
export class FrameBatch {
  readonly memory: DomainMemory;
  /** Byte offset of each frame in `memory`, lengths in bytes; the first `count` are valid. */
  offsets = new Uint32Array(FIRST_ROOM);
  lengths = new Uint32Array(FIRST_ROOM);
  /** What is left to do at each. @see offload.ts */
  offloads = new Uint32Array(FIRST_ROOM);
  count = 0;

  constructor(memory: DomainMemory) {
    this.memory = memory;
  }

  add(offset: number, length: number, offload = NO_OFFLOAD): void {
    if (this.count === this.offsets.length) this.grow();
    this.offsets[this.count] = offset;
    this.lengths[this.count] = length;
    this.offloads[this.count] = offload;
    this.count++;
  }

  clear(): void {
    this.count = 0;
  }

  /** Copies of the frames from number `from` on, for those who keep them. */
  copies(from = 0): Uint8Array[] {
    const {u8} = this.memory;
    const frames: Uint8Array[] = [];
    for (let i = from; i < this.count; i++) {
      frames.push(u8.slice(this.offsets[i], this.offsets[i] + this.lengths[i]));
    }
    return frames;
  }

  private grow(): void {
    const grown = (words: Uint32Array): Uint32Array<ArrayBuffer> => {
      const longer = new Uint32Array(words.length * 2);
      longer.set(words);
      return longer;
    };
    this.offsets = grown(this.offsets);
    this.lengths = grown(this.lengths);
    this.offloads = grown(this.offloads);
  }
}

/** Frames that passed a point of the network: copies, for captures and for programs. */
export interface FrameCapture {
  /** Host time. */
  readonly timeNs: number;
  /** The port that they passed. */
  readonly port: string;
  /** From the port into the network, or out of the network to the port. */
  readonly direction: 'in' | 'out';
  readonly frames: readonly Uint8Array[];
}
