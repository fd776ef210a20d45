import {ByteRing} from '../byte-ring.ts';
import {XEN_FLEX_RING_SIZE} from '../io/ring.ts';
import {fnv1a, hashText} from './fnv.ts';
import {LineError, MAX_AREA_BYTES, bytesOf, count, index, integer} from './session.ts';
import type {Line, Outcome, Session} from './session.ts';

/** One direction of a flex ring. The indexes lie behind the data, outside of what is hashed. */
class FlexSession implements Session {
  readonly outcome: Outcome = {};
  readonly operations: Session['operations'];
  private readonly data: Uint8Array;
  private readonly ring: ByteRing;

  constructor(size: number, start: number) {
    const words = new Uint32Array(size / 4 + 2);
    this.data = bytesOf(words, size);
    const u8 = bytesOf(words);
    this.ring = new ByteRing({u8, u32: words, base: 0, size, prodOffset: size, consOffset: size + 4});
    this.ring.prod = start;
    this.ring.cons = start;
    this.operations = {
      flexwrite: (line) => this.write(count(line), integer(line, 'c')),
      flexread: (line) => this.read(count(line)),
      flexqueued: () => ({queued: this.ring.queued()}),
    };
  }

  indexes(): readonly number[] {
    return [this.ring.prod, this.ring.cons];
  }

  hash(): string {
    return hashText(fnv1a(this.data));
  }

  /** Takes only what fits: a file that asks for more mismatches. */
  private write(n: number, c: number): Outcome {
    this.ring.write(Uint8Array.from({length: n}, (_, j) => 31 * c + 7 * j));
    return {mp: this.ring.prod & (this.ring.size - 1)};
  }

  private read(n: number): Outcome {
    const packet = new Uint8Array(n);
    const got = this.ring.read(packet);
    return {r: hashText(fnv1a(packet.subarray(0, got))), mc: this.ring.cons & (this.ring.size - 1)};
  }
}

/** `flexinit`: `size` bytes of data, both indexes at `start`. */
export const startFlex = (line: Line): Session => {
  const size = integer(line, 'size', 4, MAX_AREA_BYTES);
  if ((size & (size - 1)) !== 0) throw new LineError(`"size" ${size} is not a power of two`);
  if (line.order !== undefined && XEN_FLEX_RING_SIZE(integer(line, 'order', 0, 32)) !== size)
    throw new LineError(`"size" ${size} is not that of the "order"`);
  return new FlexSession(size, index(line, 'start'));
};
