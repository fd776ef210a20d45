import {type Observable, Subject} from 'rxjs';
import {XEN_NETIF_EXTRA_TYPE_MCAST_ADD, XEN_NETIF_EXTRA_TYPE_MCAST_DEL} from '../../hypervisor/abi/io/netif.ts';
import type {DeviceOffloads, NetDevice, SendOffload} from '../api.ts';
import type {NetConnection} from './connection.ts';
import {completeChecksum, flowHash} from './inet.ts';
import {parseMac} from './mac.ts';
import type {NetConfig} from './negotiation.ts';
import type {NetConsumer, NetQueue} from './queue.ts';
import {CHECKSUM_BLANK, type FrameReceiver} from './rx-ring.ts';
import {createNetStats, type NetStats} from './stats.ts';
import {marksOf} from './tx-offload.ts';

const ETH_HLEN = 14;
const PAGE_SIZE = 4096;
const MAX_FRAME = 65535;

/** Takes frames in place, one call each: no copy, no object. */
export interface RawConsumer {
  /** Bytes in guest memory that are the consumer's during the call. */
  receive: FrameReceiver;
  /** There is room for frames again. */
  onRoom?: () => void;
}

/**
 * A network interface for guest programs: `frames` and `send`, or, for those that count nanoseconds, frames in place:
 * `reserve`, build the frame there, `commit`, and `flush` once for many.
 */
export class Netfront implements NetDevice {
  readonly name: string;
  readonly counters: NetStats = createNetStats();
  /** For the connection. */
  readonly consumer: NetConsumer;
  private config: NetConfig;
  private connection: NetConnection | undefined;
  /** The backend's word. @see netif.h, "Link state" */
  private isLinkUp = true;
  private raw: RawConsumer | undefined;
  private batch: Uint8Array[] = [];
  /** Of frames handed out that were to be cut into segments. */
  private readonly uncut = new WeakMap<Uint8Array, SendOffload>();
  /** Multicast addresses that were joined, as text. */
  private readonly groups = new Set<string>();
  private readonly roomSubject = new Subject<void>();
  private readonly received = new Subject<readonly Uint8Array[]>();
  private readonly gone = new Subject<never>();

  constructor(name: string, config: NetConfig) {
    this.name = name;
    this.config = config;
    this.consumer = {
      receive: (u8, offset, length, left) => this.onFrame(u8, offset, length, left),
      endBatch: () => this.endBatch(),
      onRoom: () => this.onRoom(),
    };
  }

  get mac(): Uint8Array {
    return this.config.mac;
  }

  get mtu(): number {
    return this.config.mtu;
  }

  get offloads(): DeviceOffloads {
    return this.config.offloads;
  }

  /** Queues of the connection, of which `reserve` and `commit` name one. */
  get queues(): number {
    return this.connection?.queues.length ?? 0;
  }

  /** True while both ends are connected and the backend does not say that the link is down. */
  get carrier(): boolean {
    return this.open !== undefined;
  }

  get frames(): Observable<readonly Uint8Array[]> {
    return this.received.asObservable();
  }

  get room(): Observable<void> {
    return this.roomSubject.asObservable();
  }

  get removed(): Observable<never> {
    return this.gone.asObservable();
  }

  send(frame: Uint8Array, offload?: SendOffload): boolean {
    const queue = this.queueFor(frame);
    const isCut = (offload?.segmentBytes ?? 0) > 0;
    const isAllowed = frame.length >= ETH_HLEN && frame.length <= (isCut ? MAX_FRAME : this.mtu + ETH_HLEN);
    const marks = offload === undefined ? undefined : marksOf(frame, offload, this.offloads);
    const isOffered = offload === undefined || marks !== undefined;
    if (!isAllowed || !isOffered || queue?.tx.put(frame, marks) !== true) {
      const isKept = isAllowed && isOffered && queue !== undefined && this.roomSubject.observed;
      if (!isKept) this.counters.txDropped++;
      return false;
    }
    if (isCut) this.counters.txGso++;
    queue.flush();
    return true;
  }

  offloadOf(frame: Uint8Array): SendOffload | undefined {
    return this.uncut.get(frame);
  }

  /** Room for a frame of up to a page: its byte offset in the guest's memory, or -1: the ring is full, or there is no carrier. */
  reserve(queue = 0): number {
    return this.open?.queues[queue]?.tx.reserve() ?? -1;
  }

  /** Sends the frame of `length` bytes, 14..4096, built where `reserve` said last, with the next flush. */
  commit(length: number, queue = 0): boolean {
    if (length < ETH_HLEN || length > Math.min(PAGE_SIZE, this.mtu + ETH_HLEN)) return false;
    return this.open?.queues[queue]?.tx.commit(length) ?? false;
  }

  /** Publishes the frames committed. */
  flush(): void {
    this.connection?.flush();
  }

  /** Wants to hear a multicast address. Only a backend that filters has to know; it may have too many already (txErrors). */
  joinGroup(mac: string): void {
    this.groups.add(mac);
    this.tellGroup(mac, XEN_NETIF_EXTRA_TYPE_MCAST_ADD);
  }

  leaveGroup(mac: string): void {
    if (this.groups.delete(mac)) this.tellGroup(mac, XEN_NETIF_EXTRA_TYPE_MCAST_DEL);
  }

  /** Hands received frames to the consumer instead of `frames`; undefined goes back to that. */
  consumeRaw(consumer: RawConsumer | undefined): void {
    this.raw = consumer;
  }

  stats(): Readonly<Record<string, number>> {
    return {...this.counters};
  }

  /** Called by the driver when the backend says whether the link is up; what waits for room may send then. */
  setLink(isUp: boolean): void {
    const comesUp = isUp && !this.isLinkUp;
    this.isLinkUp = isUp;
    if (comesUp && this.connection !== undefined) this.consumer.onRoom();
  }

  /** Called by the driver when the toolstack has written another MTU. */
  setMtu(mtu: number): void {
    this.config = {...this.config, mtu};
  }

  /** Called by the driver when both ends are connected. */
  up(connection: NetConnection, config: NetConfig): void {
    this.config = config;
    this.connection = connection;
    // A backend knows of no groups of earlier connections.
    for (const mac of this.groups) this.tellGroup(mac, XEN_NETIF_EXTRA_TYPE_MCAST_ADD);
  }

  /** Called by the driver when they are not any more. */
  down(): void {
    this.connection = undefined;
  }

  /** Called by the driver when the device is gone. */
  remove(): void {
    this.down();
    this.roomSubject.complete();
    this.received.complete();
    this.gone.complete();
  }

  toString(): string {
    return `${this.name}: ${String(this.open ?? 'no carrier')}`;
  }

  /** The connection, while frames may be sent. */
  private get open(): NetConnection | undefined {
    return this.isLinkUp ? this.connection : undefined;
  }

  /** Frames of one flow go through one queue. */
  private queueFor(frame: Uint8Array): NetQueue | undefined {
    const queues = this.open?.queues;
    if (queues === undefined || queues.length === 1) return queues?.[0];
    return queues[flowHash(frame) % queues.length];
  }

  private tellGroup(mac: string, type: number): void {
    const address = parseMac(mac);
    const queue = this.connection?.queues[0];
    if (address === undefined || queue === undefined || this.config.groups === 'none') return;
    const [a, b, c, d, e, f] = address;
    if (queue.tx.putDummy([(type | (a << 16) | (b << 24)) >>> 0, (c | (d << 8) | (e << 16) | (f << 24)) >>> 0]))
      queue.flush();
  }

  private onRoom(): void {
    this.raw?.onRoom?.();
    if (this.roomSubject.observed) this.roomSubject.next();
  }

  private onFrame(u8: Uint8Array, offset: number, length: number, left: number): void {
    if ((left & 0xffff) > 0) this.counters.rxGso++;
    if (this.raw !== undefined) this.raw.receive(u8, offset, length, left);
    else if (this.received.observed) this.keep(u8.slice(offset, offset + length), left);
  }

  private keep(frame: Uint8Array, left: number): void {
    if ((left & 0xffff) > 0) this.uncut.set(frame, {segmentBytes: left & 0xffff});
    else if ((left & CHECKSUM_BLANK) !== 0) completeChecksum(frame);
    this.batch.push(frame);
  }

  private endBatch(): void {
    if (this.batch.length === 0) return;
    const {batch} = this;
    this.batch = [];
    this.received.next(batch);
  }
}
