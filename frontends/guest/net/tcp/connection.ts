import {NS_PER_MS, NS_PER_S} from '../../../../hypervisor/schedule/index.ts';
import type {IpAddress} from '../ip.ts';
import {Deadline} from '../deadline.ts';
import {Receiver, RECEIVE_WINDOW_SHIFT} from './receiver.ts';
import {ACK, readSynOptions, RST, type Segment, SYN} from './segment.ts';
import {Sender} from './sender.ts';
import type {Sequence} from './sequence.ts';
import {afterFinAcked, afterOurFin, afterTheirFin, readingStates, type TcpState} from './state.ts';
import type {Tcp} from './tcp.ts';

/** Who talks to whom: what tells connections apart. */
export interface Endpoints {
  localAddress: IpAddress;
  localPort: number;
  remoteAddress: IpAddress;
  remotePort: number;
}

/** Who uses a connection. */
export interface ConnectionUser {
  onEstablished(): void;
  /** Data, or the peer's end, have arrived. */
  onReadable(): void;
  /** The send buffer has room again. */
  onRoom(): void;
  /** The connection is no more: an errno name, or undefined after an orderly end. */
  onClosed(errno: string | undefined): void;
}

/** Twice the maximum segment lifetime, as Linux has it. */
const TIME_WAIT_NS = 60 * NS_PER_S;
/** How long the end of a peer is waited for by a connection that nobody reads any more. */
const FIN_WAIT_NS = 60 * NS_PER_S;
/** At most 500 ms. @see RFC 9293, 3.8.6.3 */
const DELAYED_ACK_NS = 40 * NS_PER_MS;
/** What a peer says below it would cost more headers than data. */
const MIN_MSS = 64;

/** The state machine of one connection. @see RFC 9293, 3.10 */
export class TcpConnection {
  readonly endpoints: Endpoints;
  readonly sender: Sender;
  receiver: Receiver;
  /** Kept by Tcp: it flushes the connection when the batch at hand ends. */
  isTouched = false;
  private current: TcpState = 'CLOSED';
  private readonly tcp: Tcp;
  private readonly user: ConnectionUser;
  private readonly mss: number;
  private readonly ackTimer: Deadline;
  private readonly endTimer: Deadline;
  /** Windows that the peer tells are shifted by so much; undefined: neither side's are. */
  private peerShift: number | undefined;
  /** The user wants nothing more to read. */
  private isDiscarding = false;

  /** `mss`: the largest segment that the way bears. */
  constructor(tcp: Tcp, endpoints: Endpoints, mss: number, user: ConnectionUser) {
    this.tcp = tcp;
    this.endpoints = endpoints;
    this.user = user;
    this.mss = mss;
    this.receiver = new Receiver(0, mss, 0);
    this.sender = new Sender({
      schedule: tcp.schedule,
      start: tcp.initialSequence(endpoints),
      emit: (sequence, flags, offset, length) => this.emit(sequence, flags, offset, length),
      maxLength: (segmentBytes) => tcp.output.maxLength(endpoints, segmentBytes),
      onRetransmit: () => tcp.counters.retransSegs++,
      onTimeout: () => this.fail('ETIMEDOUT'),
    });
    this.ackTimer = new Deadline(tcp.schedule, () => this.sendAck());
    this.endTimer = new Deadline(tcp.schedule, () => this.forget());
  }

  get state(): TcpState {
    return this.current;
  }

  /** Sends a SYN. */
  open(): void {
    this.current = 'SYN-SENT';
    this.sender.sendSyn(SYN);
  }

  /** Answers a SYN. */
  accept(syn: Segment): void {
    this.takeSyn(syn);
    this.current = 'SYN-RECEIVED';
    this.sender.sendSyn(SYN | ACK);
  }

  /** Nothing is written any more: a FIN follows what was. */
  finish(): void {
    const next = afterOurFin[this.current];
    if (next === undefined) return;
    this.current = next;
    this.sender.finish();
    this.flush();
  }

  /** Nothing is read any more: data that still come are answered with a reset. */
  discard(): void {
    this.isDiscarding = true;
    if (this.current === 'FIN-WAIT-2') this.endTimer.set(FIN_WAIT_NS);
  }

  /** The user has read: the peer may have to be told of the room. */
  onRead(): void {
    if (readingStates.has(this.current) && this.receiver.isWindowUpdateDue()) this.sendAck();
  }

  /** Ends at once, with a reset. */
  abort(): void {
    if (this.current === 'CLOSED') return;
    if (this.current !== 'SYN-SENT' && this.current !== 'TIME-WAIT') {
      this.tcp.counters.outRsts++;
      this.emit(this.sender.next, RST | ACK, 0, 0);
    }
    this.fail('ECONNABORTED');
  }

  /** Ends with an error of which the peer is not told. */
  fail(errno: string): void {
    if (this.current === 'SYN-SENT' || this.current === 'SYN-RECEIVED') this.tcp.counters.attemptFails++;
    else if (this.current !== 'TIME-WAIT' && this.current !== 'CLOSED') this.tcp.counters.estabResets++;
    this.end(errno);
  }

  /** Sends what there was reason to send since the last time. */
  flush(): void {
    if (this.current === 'CLOSED' || this.current === 'SYN-SENT') return;
    this.sender.output();
    if (this.receiver.isAckDue) this.sendAck();
    else if (this.receiver.hasUnacknowledged && !this.ackTimer.isSet) this.ackTimer.set(DELAYED_ACK_NS);
  }

  /** Ends in order, early: TIME-WAIT is cut short. */
  forget(): void {
    this.end(undefined);
  }

  receive(segment: Segment): void {
    if (this.current === 'SYN-SENT') this.receiveInSynSent(segment);
    else if (this.isExpected(segment) && this.takeAck(segment)) this.takeText(segment);
  }

  /** The way bears only segments of that size. */
  shrink(mss: number): void {
    if (mss < this.sender.segmentBytes) this.setSegmentBytes(mss);
  }

  toString(): string {
    const {remotePort, localPort} = this.endpoints;
    return `port ${localPort} to ${remotePort} ${this.current}: ${String(this.sender)}; ${String(this.receiver)}`;
  }

  /** @see RFC 9293, 3.10.7.3 */
  private receiveInSynSent(segment: Segment): void {
    const {flags, acknowledgment} = segment;
    const hasAck = (flags & ACK) !== 0;
    if (hasAck && acknowledgment !== this.sender.next) {
      if ((flags & RST) === 0) this.tcp.output.reset(this.endpoints, acknowledgment);
    } else if ((flags & RST) !== 0) {
      if (hasAck) this.fail('ECONNREFUSED');
    } else if ((flags & SYN) !== 0) {
      this.takeSyn(segment);
      this.receiver.isAckDue = true;
      if (hasAck) this.establish(segment, segment.window);
      else {
        this.current = 'SYN-RECEIVED';
        this.sender.sendSyn(SYN | ACK);
      }
    }
  }

  private takeSyn(syn: Segment): void {
    const {mss, windowShift} = readSynOptions(syn);
    this.peerShift = windowShift;
    this.receiver = new Receiver(syn.sequence, this.mss, windowShift === undefined ? 0 : RECEIVE_WINDOW_SHIFT);
    this.setSegmentBytes(Math.min(mss, this.mss));
  }

  private setSegmentBytes(mss: number): void {
    this.sender.setSegmentBytes(Math.max(mss, MIN_MSS));
  }

  /** The first steps of RFC 9293, 3.10.7.4: sequence number, RST, SYN; with the guards of RFC 5961. */
  private isExpected(segment: Segment): boolean {
    const {flags, sequence} = segment;
    if (!this.receiver.accepts(segment)) {
      if ((flags & RST) === 0) this.receiver.isAckDue = true;
      return false;
    }
    if ((flags & RST) !== 0) {
      // An old duplicate may have raised it: the wait goes on. @see RFC 1337, 3
      if (this.current === 'TIME-WAIT') return false;
      if (sequence === this.receiver.next) this.fail('ECONNRESET');
      else this.challenge();
      return false;
    }
    if ((flags & SYN) !== 0) this.challenge();
    return (flags & (SYN | ACK)) === ACK;
  }

  /** A segment that might be forged: whoever is at the other end shall say it again. @see RFC 5961, 3, 4 */
  private challenge(): void {
    if (this.tcp.challengeLimit.take()) this.receiver.isAckDue = true;
  }

  /** False when there is nothing more to read of the peer's. */
  private takeAck(segment: Segment): boolean {
    const window = segment.window << (this.peerShift ?? 0);
    if (this.current === 'SYN-RECEIVED') {
      if (segment.acknowledgment !== this.sender.next) {
        this.tcp.output.reset(this.endpoints, segment.acknowledgment);
        return false;
      }
      this.establish(segment, window);
    } else {
      const freed = this.sender.acknowledge(segment, window);
      if (freed < 0) this.challenge();
      if (freed > 0) this.user.onRoom();
    }
    const next = this.sender.isFinAcked ? afterFinAcked[this.current] : undefined;
    if (next !== undefined) this.enter(next);
    return readingStates.has(this.current);
  }

  private takeText(segment: Segment): void {
    if (this.isDiscarding && segment.dataEnd > segment.dataAt) return this.abort();
    const {receiver} = this;
    const before = receiver.queue.length;
    receiver.take(segment);
    if (receiver.isFinished) this.enter(afterTheirFin[this.current] ?? this.current);
    if (receiver.queue.length > before || receiver.isFinished) this.user.onReadable();
  }

  private enter(state: TcpState): void {
    this.current = state;
    if (state === 'TIME-WAIT') {
      this.endTimer.set(TIME_WAIT_NS);
      this.tcp.enteredTimeWait(this);
    } else if (state === 'FIN-WAIT-2' && this.isDiscarding) this.endTimer.set(FIN_WAIT_NS);
    else if (state === 'CLOSED') this.end(undefined);
  }

  private establish(segment: Segment, window: number): void {
    this.current = 'ESTABLISHED';
    this.sender.establish(segment, window);
    this.user.onEstablished();
  }

  private sendAck(): void {
    this.emit(this.sender.next, ACK, 0, 0);
  }

  private emit(sequence: Sequence, flags: number, offset: number, length: number): void {
    const {receiver, endpoints} = this;
    const isSyn = (flags & SYN) !== 0;
    const hasAck = (flags & ACK) !== 0;
    const window = isSyn ? receiver.advertiseInSyn() : receiver.advertise();
    this.ackTimer.clear();
    const isScaling = !hasAck || this.peerShift !== undefined;
    this.tcp.output.send(
      endpoints,
      {sequence, acknowledgment: hasAck ? receiver.next : 0, flags, window},
      isSyn ? {mss: this.mss, windowShift: isScaling ? RECEIVE_WINDOW_SHIFT : undefined} : undefined,
      length === 0 ? undefined : {buffer: this.sender.buffer, offset, length, segmentBytes: this.sender.segmentBytes},
    );
  }

  /** Forgets everything. */
  private end(errno: string | undefined): void {
    if (this.current === 'CLOSED' && !this.tcp.has(this)) return;
    this.current = 'CLOSED';
    this.tcp.remove(this);
    this.sender.close();
    this.ackTimer.close();
    this.endTimer.close();
    this.user.onClosed(errno);
  }
}
