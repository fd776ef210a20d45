import {type Sequence, seqAfter, seqDistance} from './sequence.ts';

/** Segments that may be sent before anything is known. @see RFC 6928 */
const INITIAL_SEGMENTS = 10;
const DUPLICATES_OF_A_LOSS = 3;
/** Segments that the first duplicates let out. @see RFC 3042 */
const LIMITED_TRANSMIT = 2;

/** Congestion control: slow start, congestion avoidance, fast retransmit and NewReno's recovery. @see RFC 5681, RFC 6582 */
export class Congestion {
  private mss: number;
  private cwnd: number;
  private ssthresh = Infinity;
  private duplicates = 0;
  /** What had been sent when the last loss was seen: recovery ends when it is acknowledged. */
  private recover: Sequence;
  private isRecovering = false;

  constructor(mss: number, start: Sequence) {
    this.mss = mss;
    this.cwnd = INITIAL_SEGMENTS * mss;
    this.recover = start;
  }

  /** Bytes that may be under way. */
  get window(): number {
    const extra = this.isRecovering ? 0 : Math.min(this.duplicates, LIMITED_TRANSMIT) * this.mss;
    return this.cwnd + extra;
  }

  get recovering(): boolean {
    return this.isRecovering;
  }

  setMss(mss: number): void {
    this.mss = mss;
  }

  /**
   * `acked` bytes were acknowledged up to `una`, `flight` are left. True when the segment at `una` was lost, too, and is
   * to be sent again.
   */
  onAck(acked: number, una: Sequence, flight: number): boolean {
    this.duplicates = 0;
    if (!this.isRecovering) {
      // Our peers acknowledge many segments at once: all of them count. @see RFC 3465
      if (this.cwnd < this.ssthresh) this.cwnd += acked;
      else this.cwnd += Math.max(1, Math.floor((this.mss * acked) / this.cwnd));
      return false;
    }
    if (seqDistance(una, this.recover) >= 0) {
      this.isRecovering = false;
      this.cwnd = Math.min(this.ssthresh, Math.max(flight, this.mss) + this.mss);
      return false;
    }
    this.cwnd = Math.max(this.cwnd - acked + this.mss, this.mss);
    return true;
  }

  /** An acknowledgment said nothing new. True when that tells of a loss, and the segment at `una` is to be sent again. */
  onDuplicate(una: Sequence, sent: Sequence, flight: number): boolean {
    this.duplicates++;
    if (this.isRecovering) {
      this.cwnd += this.mss;
      return false;
    }
    if (this.duplicates !== DUPLICATES_OF_A_LOSS || !seqAfter(una, this.recover)) return false;
    this.reduce(flight);
    this.recover = sent;
    this.isRecovering = true;
    this.cwnd = this.ssthresh + DUPLICATES_OF_A_LOSS * this.mss;
    return true;
  }

  onTimeout(sent: Sequence, flight: number): void {
    this.reduce(flight);
    this.recover = sent;
    this.isRecovering = false;
    this.duplicates = 0;
    this.cwnd = this.mss;
  }

  /** Nothing was sent for long: what the network bears is not known any more. @see RFC 5681, 4.1 */
  onIdle(): void {
    this.cwnd = Math.min(this.cwnd, INITIAL_SEGMENTS * this.mss);
  }

  private reduce(flight: number): void {
    this.ssthresh = Math.max(Math.floor(flight / 2), 2 * this.mss);
  }
}
