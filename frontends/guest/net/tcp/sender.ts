import type {TaskQueue} from '../../../../hypervisor/schedule/index.ts';
import {Congestion} from './congestion.ts';
import {Deadline} from '../deadline.ts';
import {RttEstimator} from './rtt.ts';
import {ACK, FIN, PSH, type Segment, SYN} from './segment.ts';
import {SendBuffer} from './send-buffer.ts';
import {type Sequence, seqAdd, seqAfter, seqBefore, seqDistance} from './sequence.ts';

/** Bytes written and not acknowledged. */
const SEND_BUFFER_BYTES = 1024 * 1024;
/** About a minute of SYNs, some minutes of data. @see RFC 9293, 3.8.3, "R2" */
const MAX_SYN_RETRANSMISSIONS = 5;
const MAX_RETRANSMISSIONS = 10;

export interface SenderOptions {
  schedule: TaskQueue;
  /** Initial sequence number. */
  start: Sequence;
  /** Sends a segment; its data are `length` bytes of `buffer` from `offset` on. */
  emit: (sequence: Sequence, flags: number, offset: number, length: number) => void;
  /** Data in what is sent at once: a segment, or with segmentation offload many. */
  maxLength: (segmentBytes: number) => number;
  onRetransmit: () => void;
  /** The peer does not answer any more. */
  onTimeout: () => void;
}

/** The sending half of a connection: what is under way, what may follow, and what is to be sent again. */
export class Sender {
  readonly buffer = new SendBuffer(SEND_BUFFER_BYTES);
  readonly rtt = new RttEstimator();
  /** Small segments are not held back. @see RFC 9293, 3.7.4 */
  noDelay = false;
  private readonly options: SenderOptions;
  private readonly timer: Deadline;
  private congestion: Congestion;
  private mss = 536;
  /** SND.UNA, SND.NXT, and the highest SND.NXT there was. */
  private una: Sequence;
  private nxt: Sequence;
  private max: Sequence;
  /** Of the first byte in the buffer. */
  private bufferStart: Sequence;
  /** SND.WND, the largest there was, SND.WL1 and SND.WL2. */
  private window = 0;
  private maxWindow = 0;
  private windowSequence: Sequence = 0;
  private windowAck: Sequence = 0;
  /** Flags of our SYN while it is not acknowledged. */
  private synFlags = 0;
  private isFinQueued = false;
  private retransmissions = 0;
  /** A sample is being taken: sent then, complete when this is acknowledged. */
  private timedNs = -1;
  private timedEnd: Sequence = 0;
  private lastSentNs = 0;

  constructor(options: SenderOptions) {
    this.options = options;
    this.timer = new Deadline(options.schedule, () => this.onTimer());
    this.una = options.start;
    this.nxt = options.start;
    this.max = options.start;
    this.bufferStart = seqAdd(options.start, 1);
    this.congestion = new Congestion(this.mss, options.start);
  }

  /** The size of segments that the peer and the way bear. */
  get segmentBytes(): number {
    return this.mss;
  }

  /** Where a segment without data stands. */
  get next(): Sequence {
    return this.nxt;
  }

  /** The sequence number lies in what is under way. */
  isUnderWay(sequence: Sequence): boolean {
    return !seqBefore(sequence, this.una) && seqBefore(sequence, this.max);
  }

  /** All that was sent is acknowledged, the FIN, too. */
  get isFinAcked(): boolean {
    return this.isFinQueued && this.una === seqAdd(this.end, 1);
  }

  /** Sends our SYN, with the ACK flag or without. */
  sendSyn(flags: number): void {
    this.synFlags = flags;
    this.nxt = seqAdd(this.una, 1);
    this.max = this.nxt;
    this.time(this.nxt);
    this.options.emit(this.una, flags, 0, 0);
    this.timer.set(this.rtt.rtoNs);
  }

  /** Our SYN was acknowledged. */
  establish(segment: Segment, window: number): void {
    if (this.timedNs >= 0) this.rtt.addSample(this.options.schedule.now() - this.timedNs);
    else this.rtt.synWasLost();
    this.timedNs = -1;
    this.synFlags = 0;
    this.una = this.nxt;
    this.retransmissions = 0;
    this.timer.clear();
    this.congestion = new Congestion(this.mss, this.una);
    this.setWindow(segment, window);
  }

  setSegmentBytes(bytes: number): void {
    this.mss = bytes;
    this.congestion.setMss(bytes);
  }

  /** No data follow what is in the buffer. */
  finish(): void {
    this.isFinQueued = true;
  }

  /**
   * Takes an acknowledgment in; `window` is scaled. Returns how many bytes of the buffer it frees; below 0: it is about
   * what was never sent.
   */
  acknowledge(segment: Segment, window: number): number {
    const ack = segment.acknowledgment;
    if (seqAfter(ack, this.max)) return -1;
    if (seqBefore(ack, this.una)) return 0;
    this.retransmissions = 0;
    const hasNews = segment.dataEnd > segment.dataAt || (segment.flags & (SYN | FIN)) !== 0;
    const isSameWindow = window === this.window && window > 0;
    const isDuplicate = ack === this.una && !hasNews && isSameWindow && this.max !== this.una;
    this.updateWindow(segment, window);
    if (ack !== this.una) return this.advance(ack);
    if (isDuplicate && this.congestion.onDuplicate(this.una, this.max, this.flight)) this.resendFirst();
    return 0;
  }

  /** Sends what may be sent. */
  output(): void {
    if (this.synFlags !== 0) return;
    const nowNs = this.options.schedule.now();
    const isIdle = this.max === this.una;
    if (isIdle && nowNs - this.lastSentNs > this.rtt.rtoNs) this.congestion.onIdle();
    const maxLength = this.options.maxLength(this.mss);
    while (this.sendNext(nowNs, maxLength));
    // It asks after a closed window, too. @see RFC 9293, 3.8.6.1
    if (this.max === this.una && this.unsent <= 0) this.timer.clear();
    else if (!this.timer.isSet) this.timer.set(this.rtt.rtoNs);
  }

  close(): void {
    this.timer.close();
    this.buffer.drop(this.buffer.length);
  }

  toString(): string {
    const {una, nxt, window, congestion} = this;
    return `una ${una}, nxt +${seqDistance(nxt, una)}, unsent ${this.unsent}, window ${window}, cwnd ${congestion.window}`;
  }

  private get end(): Sequence {
    return seqAdd(this.bufferStart, this.buffer.length);
  }

  private get unsent(): number {
    return seqDistance(this.end, this.nxt);
  }

  private get flight(): number {
    return seqDistance(this.max, this.una);
  }

  private sendNext(nowNs: number, maxLength: number): boolean {
    const {unsent} = this;
    // Below 0: our FIN is out.
    if (unsent < 0) return false;
    const underWay = seqDistance(this.nxt, this.una);
    const allowed = Math.min(this.congestion.window, this.window) - underWay;
    let length = Math.max(0, Math.min(unsent, allowed, maxLength));
    if (length < unsent && length > this.mss) length -= length % this.mss;
    const withFin = this.isFinQueued && length === unsent;
    if (!withFin && !this.isWorthSending(length, unsent, underWay)) return false;
    const flags = ACK | (length === unsent && length > 0 ? PSH : 0) | (withFin ? FIN : 0);
    this.send(this.nxt, flags, length);
    this.nxt = seqAdd(this.nxt, length + (withFin ? 1 : 0));
    if (seqAfter(this.nxt, this.max)) {
      this.max = this.nxt;
      if (this.timedNs < 0) this.time(this.nxt);
    } else this.options.onRetransmit();
    this.lastSentNs = nowNs;
    return true;
  }

  /** Neither silly windows nor, while something is under way, small segments. @see RFC 9293, 3.8.6.2.1 */
  private isWorthSending(length: number, unsent: number, underWay: number): boolean {
    if (length === 0) return false;
    if (length >= this.mss || length >= this.maxWindow / 2) return true;
    return length === unsent && (underWay === 0 || this.noDelay || this.isFinQueued);
  }

  private send(sequence: Sequence, flags: number, length: number): void {
    this.options.emit(sequence, flags, seqDistance(sequence, this.bufferStart), length);
  }

  private advance(ack: Sequence): number {
    const acked = seqDistance(ack, this.una);
    const freed = Math.min(acked, this.buffer.length);
    this.buffer.drop(freed);
    this.bufferStart = seqAdd(this.bufferStart, freed);
    this.una = ack;
    if (seqBefore(this.nxt, ack)) this.nxt = ack;
    if (this.timedNs >= 0 && !seqBefore(ack, this.timedEnd)) {
      this.rtt.addSample(this.options.schedule.now() - this.timedNs);
      this.timedNs = -1;
    } else this.rtt.restore();
    const isMoreLost = this.congestion.onAck(acked, ack, this.flight);
    this.timer.clear();
    if (isMoreLost) this.resendFirst();
    return freed;
  }

  /** @see RFC 9293, 3.10.7.4, "SND.WL1" */
  private updateWindow(segment: Segment, window: number): void {
    const isNewer =
      seqBefore(this.windowSequence, segment.sequence) ||
      (this.windowSequence === segment.sequence && !seqAfter(this.windowAck, segment.acknowledgment));
    if (isNewer) this.setWindow(segment, window);
  }

  private setWindow({sequence, acknowledgment}: Segment, window: number): void {
    this.window = window;
    this.maxWindow = Math.max(this.maxWindow, window);
    this.windowSequence = sequence;
    this.windowAck = acknowledgment;
  }

  private resendFirst(): void {
    const length = Math.min(this.mss, this.buffer.length);
    const withFin = this.isFinQueued && length === this.buffer.length && this.max === seqAdd(this.end, 1);
    // What was sent twice tells nothing about time. @see RFC 6298, 3, "Karn's algorithm"
    this.timedNs = -1;
    this.options.onRetransmit();
    this.send(this.una, ACK | (withFin ? FIN : 0), length);
    this.timer.set(this.rtt.rtoNs);
  }

  private onTimer(): void {
    const isSyn = this.synFlags !== 0;
    this.retransmissions++;
    if (this.retransmissions > (isSyn ? MAX_SYN_RETRANSMISSIONS : MAX_RETRANSMISSIONS)) {
      this.options.onTimeout();
      return;
    }
    this.rtt.backOff();
    this.timedNs = -1;
    if (isSyn) {
      this.options.onRetransmit();
      this.options.emit(this.una, this.synFlags, 0, 0);
    } else this.resend();
    this.timer.set(this.rtt.rtoNs);
  }

  /** Begins again with what is not acknowledged; where the window is closed, one byte asks after it. */
  private resend(): void {
    if (this.flight > 0) this.congestion.onTimeout(this.max, this.flight);
    this.nxt = this.una;
    this.output();
    if (this.nxt !== this.una || this.buffer.length === 0) return;
    this.send(this.una, ACK, 1);
    const probed = seqAdd(this.una, 1);
    if (seqAfter(probed, this.max)) this.max = probed;
  }

  private time(end: Sequence): void {
    this.timedNs = this.options.schedule.now();
    this.timedEnd = end;
  }
}
