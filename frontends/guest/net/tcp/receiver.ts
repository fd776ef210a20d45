import {ReceiveQueue} from './receive-queue.ts';
import {FIN, type Segment} from './segment.ts';
import {type Sequence, seqAdd, seqAfter, seqBefore, seqDistance} from './sequence.ts';

/** Bytes that may wait for their reader, and those that the reader has not taken. */
export const RECEIVE_BUFFER_BYTES = 1024 * 1024;
/** So that a window of that size can be told in 16 bits. */
export const RECEIVE_WINDOW_SHIFT = 5;
const MAX_WINDOW_FIELD = 0xffff;
/** Pieces beyond a gap that are kept. */
const MAX_OUT_OF_ORDER = 512;
/** Full segments that may stay unacknowledged. @see RFC 9293, 3.8.6.3 */
const SEGMENTS_PER_ACK = 2;

interface Piece {
  start: Sequence;
  bytes: Uint8Array;
}

/** The receiving half of a connection: puts what arrives in order, and says how much more may come. */
export class Receiver {
  readonly queue = new ReceiveQueue();
  /** An acknowledgment is due at once; otherwise, where something is unacknowledged, soon. */
  isAckDue = false;
  /** All that the peer will send has arrived. */
  isFinished = false;
  private readonly mss: number;
  private readonly shift: number;
  /** RCV.NXT, and the right edge of the window that the peer was told of. */
  private nxt: Sequence;
  private edge: Sequence;
  private unacknowledged = 0;
  private finAt: Sequence | undefined;
  /** In order of their start, without overlaps. */
  private readonly later: Piece[] = [];

  /** `shift`: of the windows that we tell; 0 where the peer does not scale. */
  constructor(initial: Sequence, mss: number, shift: number) {
    this.nxt = seqAdd(initial, 1);
    this.edge = this.nxt;
    this.mss = mss;
    this.shift = shift;
  }

  get next(): Sequence {
    return this.nxt;
  }

  get hasUnacknowledged(): boolean {
    return this.unacknowledged > 0;
  }

  /** Some of the segment lies in the window. @see RFC 9293, 3.10.7.4, "Segment Acceptability Test" */
  accepts({sequence, flags, dataAt, dataEnd}: Segment): boolean {
    const length = dataEnd - dataAt + ((flags & FIN) === 0 ? 0 : 1);
    const isBeforeEdge = seqBefore(sequence, this.edge);
    if (length === 0) return sequence === this.nxt || (isBeforeEdge && !seqBefore(sequence, this.nxt));
    return isBeforeEdge && seqAfter(seqAdd(sequence, length), this.nxt);
  }

  /** Takes the data, and the FIN, of a segment that is accepted. */
  take({sequence, flags, frame, dataAt, dataEnd}: Segment): void {
    const length = dataEnd - dataAt;
    const skip = Math.max(0, seqDistance(this.nxt, sequence));
    const room = seqDistance(this.edge, sequence);
    if ((flags & FIN) !== 0 && length <= room) this.finAt ??= seqAdd(sequence, length);
    const bytes = frame.subarray(dataAt + Math.min(skip, length), dataAt + Math.min(length, room));
    const start = seqAdd(sequence, skip);
    if (bytes.length > 0 && start === this.nxt) this.append(bytes);
    else if (bytes.length > 0) this.keepForLater({start, bytes});
    // A gap, or one that is filled, is told of at once. @see RFC 5681, 4.2
    if (start !== this.nxt && this.later.length > 0) this.isAckDue = true;
    if (this.finAt === this.nxt && !this.isFinished) {
      this.nxt = seqAdd(this.nxt, 1);
      this.isFinished = true;
      this.isAckDue = true;
    }
  }

  /** The window field of a segment that is sent now. A window that was told is never taken back. */
  advertise(): number {
    const free = Math.max(0, RECEIVE_BUFFER_BYTES - this.queue.length);
    const told = Math.max(0, seqDistance(this.edge, this.nxt));
    const field = Math.min(MAX_WINDOW_FIELD, Math.max(free, told) >>> this.shift);
    const edge = seqAdd(this.nxt, field << this.shift);
    if (seqAfter(edge, this.edge)) this.edge = edge;
    this.unacknowledged = 0;
    this.isAckDue = false;
    return field;
  }

  /** The field of a SYN is not scaled. */
  advertiseInSyn(): number {
    const window = Math.min(MAX_WINDOW_FIELD, RECEIVE_BUFFER_BYTES);
    this.edge = seqAdd(this.nxt, window);
    this.isAckDue = false;
    return window;
  }

  /** The reader has taken so much that the peer is to be told. @see RFC 9293, 3.8.6.2.2 */
  isWindowUpdateDue(): boolean {
    const told = seqDistance(this.edge, this.nxt);
    const possible = Math.min(MAX_WINDOW_FIELD << this.shift, RECEIVE_BUFFER_BYTES - this.queue.length);
    return !this.isFinished && possible - told >= RECEIVE_BUFFER_BYTES / 4;
  }

  toString(): string {
    return `nxt ${this.nxt}, window ${seqDistance(this.edge, this.nxt)}, waiting ${this.queue.length}, beyond gaps ${this.later.length}`;
  }

  private append(bytes: Uint8Array): void {
    this.queue.push(bytes);
    this.nxt = seqAdd(this.nxt, bytes.length);
    this.unacknowledged += bytes.length;
    if (this.later.length > 0) this.closeGap();
    if (this.unacknowledged >= SEGMENTS_PER_ACK * this.mss) this.isAckDue = true;
  }

  private closeGap(): void {
    this.isAckDue = true;
    while (this.later.length > 0 && !seqAfter(this.later[0].start, this.nxt)) {
      const {start, bytes} = this.later[0];
      this.later.shift();
      const fresh = bytes.subarray(Math.min(bytes.length, seqDistance(this.nxt, start)));
      if (fresh.length === 0) continue;
      this.queue.push(fresh);
      this.nxt = seqAdd(this.nxt, fresh.length);
    }
  }

  /** What overlaps a piece that is there already is cut off: what came first stays. */
  private keepForLater(piece: Piece): void {
    let {start, bytes} = piece;
    let i = this.later.length;
    while (i > 0 && seqAfter(this.later[i - 1].start, start)) i--;
    if (i > 0) {
      const before = this.later[i - 1];
      const overlap = seqDistance(seqAdd(before.start, before.bytes.length), start);
      if (overlap >= bytes.length) return;
      if (overlap > 0) [start, bytes] = [seqAdd(start, overlap), bytes.subarray(overlap)];
    }
    if (i < this.later.length) bytes = bytes.subarray(0, Math.max(0, seqDistance(this.later[i].start, start)));
    if (bytes.length > 0 && this.later.length < MAX_OUT_OF_ORDER) this.later.splice(i, 0, {start, bytes});
  }
}
