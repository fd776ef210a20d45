import type {TaskQueue} from '../../../../hypervisor/schedule/index.ts';
import {readU16, readU32} from '../bytes.ts';
import {internetChecksum} from '../checksum.ts';
import type {NetCounters} from '../counters.ts';
import type {NetInterface} from '../interface.ts';
import {type IpAddress, type IpFailure, type IpPacket, type IpProtocol, PROTOCOL_TCP, pseudoHeaderSum} from '../ip.ts';
import {NetError} from '../net-error.ts';
import {freePort} from '../ports.ts';
import {RateLimit} from '../rate-limit.ts';
import type {NetStack} from '../stack.ts';
import {ConnectionTable} from './connection-table.ts';
import type {Endpoints, TcpConnection} from './connection.ts';
import {InitialSequence} from './initial-sequence.ts';
import {TcpListener} from './listener.ts';
import {SegmentOutput, segmentBytesFor} from './output.ts';
import {ACK, decodeSegment, FIN, RST, type Segment, SYN} from './segment.ts';
import {type Sequence, seqAdd, seqAfter} from './sequence.ts';
import {TcpStream} from './stream.ts';

export const MAX_CONNECTIONS = 4096;
/** Those in TIME-WAIT that are kept; of more the oldest are forgotten. */
const MAX_TIME_WAIT = 1024;
const DEFAULT_BACKLOG = 128;
const MAX_BACKLOG = 1024;
/** Challenge acknowledgments in a second. @see RFC 5961, 7 */
const MAX_CHALLENGES_PER_S = 100;
/** What every way bears that says it bears less, or does not say how much. @see RFC 1191, 3 */
const MIN_MTU = 576;

export interface ConnectOptions {
  address: IpAddress;
  port: number;
  /** By default any that is free. */
  localPort?: number;
}

export interface ListenOptions {
  /** 0: any that is free. */
  port: number;
  /** One of ours; by default all. */
  address?: IpAddress;
  /** Connections that wait to be accepted, 1..1024; by default 128. */
  backlog?: number;
}

/** The Transmission Control Protocol: finds the connection that a segment is for. @see RFC 9293 */
export class Tcp implements IpProtocol {
  readonly counters: NetCounters['tcp'];
  readonly schedule: TaskQueue;
  /** For connections. */
  readonly output: SegmentOutput;
  readonly challengeLimit: RateLimit;
  private readonly stack: NetStack;
  private readonly sequences: InitialSequence;
  private readonly table = new ConnectionTable();
  private readonly listeners = new Map<number, TcpListener>();
  private readonly timeWait = new Set<TcpConnection>();
  /** Those that a batch of segments gave something to send. */
  private touched: TcpConnection[] = [];

  constructor(stack: NetStack) {
    this.stack = stack;
    this.counters = stack.counters.tcp;
    this.schedule = stack.schedule;
    this.output = new SegmentOutput(stack);
    this.sequences = new InitialSequence(stack.schedule);
    this.challengeLimit = new RateLimit(stack.schedule, MAX_CHALLENGES_PER_S);
  }

  get connections(): readonly TcpConnection[] {
    return [...this.table];
  }

  get listening(): readonly TcpListener[] {
    return [...this.listeners.values()];
  }

  /**
   * Opens a connection. `ready` rejects with NetError: ECONNREFUSED, ETIMEDOUT, ...; until it is settled the stream can be
   * aborted. Throws NetError: ENETUNREACH, EADDRINUSE, ENOBUFS.
   */
  connect({address, port, localPort = 0}: ConnectOptions): {stream: TcpStream; ready: Promise<TcpStream>} {
    const path = this.stack.routes.lookup(address);
    if (path === undefined) throw new NetError('ENETUNREACH');
    if (this.table.size >= MAX_CONNECTIONS) throw new NetError('ENOBUFS');
    const endpointsAt = (candidate: number): Endpoints => ({
      localAddress: path.source,
      localPort: candidate,
      remoteAddress: address,
      remotePort: port,
    });
    const isFree = (candidate: number): boolean => this.table.find(endpointsAt(candidate)) === undefined;
    const local = localPort === 0 ? freePort(this.schedule, isFree) : localPort;
    if (local === undefined || !isFree(local)) throw new NetError('EADDRINUSE');
    let settle: (error: NetError | undefined) => void = () => undefined;
    const stream = this.createStream(endpointsAt(local), (_, error) => settle(error));
    const ready = new Promise<TcpStream>((resolve, reject) => {
      settle = (error) => (error === undefined ? resolve(stream) : reject(error));
    });
    this.counters.activeOpens++;
    stream.connection.open();
    return {stream, ready};
  }

  /** Throws NetError: EADDRINUSE. */
  listen({port: wanted, address, backlog = DEFAULT_BACKLOG}: ListenOptions): TcpListener {
    const port = wanted === 0 ? freePort(this.schedule, (each) => !this.listeners.has(each)) : wanted;
    if (port === undefined || this.listeners.has(port)) throw new NetError('EADDRINUSE');
    const onClose = (): void => void this.listeners.delete(port);
    const listener = new TcpListener({port, address, backlog: Math.min(Math.max(backlog, 1), MAX_BACKLOG), onClose});
    this.listeners.set(port, listener);
    return listener;
  }

  receive(packet: IpPacket, answerable: boolean, from: NetInterface): void {
    this.counters.inSegs++;
    const {source, destination} = packet;
    // What was never cut into segments never was on a wire.
    const isWhole = from.device.offloadOf?.(packet.frame) !== undefined || isSound(packet);
    const segment = isWhole ? decodeSegment(packet) : undefined;
    if (segment === undefined) {
      this.counters.inErrs++;
      return;
    }
    if (!answerable) return;
    const {sourcePort: remotePort, destinationPort: localPort} = segment;
    const endpoints = {localAddress: destination, localPort, remoteAddress: source, remotePort};
    const connection = this.table.find(endpoints);
    if (connection !== undefined && !this.isReborn(connection, segment)) {
      connection.receive(segment);
      this.touch(connection);
    } else this.receiveUnknown(endpoints, segment);
  }

  /** All segments of one event have been received: what they gave reason to is sent. */
  endBatch(): void {
    if (this.touched.length === 0) return;
    const {touched} = this;
    this.touched = [];
    for (const connection of touched) {
      connection.isTouched = false;
      connection.flush();
    }
  }

  failed({kind, mtu, source, destination, frame, quotedAt}: IpFailure): void {
    const connection = this.table.find({
      localAddress: source,
      localPort: readU16(frame, quotedAt),
      remoteAddress: destination,
      remotePort: readU16(frame, quotedAt + 2),
    });
    // Whoever forges errors does not know what is under way. @see RFC 5927, 4.1
    if (connection === undefined || !connection.sender.isUnderWay(readU32(frame, quotedAt + 4))) return;
    if (kind === 'tooBig') connection.shrink(segmentBytesFor(destination, Math.max(mtu, MIN_MTU)));
    else if (connection.state === 'SYN-SENT') connection.fail(kind === 'unreachable' ? 'ECONNREFUSED' : 'EHOSTUNREACH');
  }

  /** For connections. */
  initialSequence(endpoints: Endpoints): Sequence {
    return this.sequences.next(endpoints);
  }

  /** For connections. */
  has(connection: TcpConnection): boolean {
    return this.table.has(connection);
  }

  /** For connections. */
  remove(connection: TcpConnection): void {
    this.table.remove(connection);
    this.timeWait.delete(connection);
  }

  /** For connections. */
  enteredTimeWait(connection: TcpConnection): void {
    this.timeWait.add(connection);
    if (this.timeWait.size > MAX_TIME_WAIT) for (const oldest of this.timeWait) return oldest.forget();
  }

  private touch(connection: TcpConnection): void {
    if (connection.isTouched) return;
    connection.isTouched = true;
    this.touched.push(connection);
  }

  private createStream(
    endpoints: Endpoints,
    onOpen: (stream: TcpStream, error: NetError | undefined) => void,
  ): TcpStream {
    const mtu = this.stack.routes.lookup(endpoints.remoteAddress)?.interface.mtu ?? MIN_MTU;
    const stream = new TcpStream(this, endpoints, segmentBytesFor(endpoints.remoteAddress, mtu), onOpen);
    this.table.add(stream.connection);
    return stream;
  }

  /** A new connection takes the place of one that is over but for its last wait. @see RFC 9293, 3.6.1, MAY-2 */
  private isReborn(old: TcpConnection, {flags, sequence}: Segment): boolean {
    if (old.state !== 'TIME-WAIT' || (flags & (SYN | ACK | RST)) !== SYN) return false;
    if (!seqAfter(sequence, old.receiver.next)) return false;
    old.forget();
    return true;
  }

  /** A segment of no connection: it begins one, or is refused. @see RFC 9293, 3.10.7.1, 3.10.7.2 */
  private receiveUnknown(endpoints: Endpoints, segment: Segment): void {
    const {flags, sequence, acknowledgment, dataAt, dataEnd} = segment;
    if ((flags & RST) !== 0) return;
    const listener = this.listeners.get(endpoints.localPort);
    const isListening =
      listener !== undefined && (listener.address ?? endpoints.localAddress) === endpoints.localAddress;
    if ((flags & ACK) !== 0) this.output.reset(endpoints, acknowledgment);
    else if (!isListening || (flags & SYN) === 0) {
      const length = dataEnd - dataAt + ((flags & SYN) === 0 ? 0 : 1) + ((flags & FIN) === 0 ? 0 : 1);
      this.output.reset(endpoints, 0, seqAdd(sequence, length));
    } else if (!listener.hasRoom || this.table.size >= MAX_CONNECTIONS) this.counters.listenDrops++;
    else {
      listener.begin();
      this.counters.passiveOpens++;
      this.createStream(endpoints, (stream, error) => listener.opened(stream, error)).connection.accept(segment);
    }
  }
}

const isSound = ({frame, payloadAt, payloadEnd, source, destination}: IpPacket): boolean => {
  const begin = pseudoHeaderSum(source, destination, PROTOCOL_TCP, payloadEnd - payloadAt);
  return internetChecksum(frame, payloadAt, payloadEnd, begin) === 0;
};
