import {type Observable, Subject} from 'rxjs';
import type {NetDevice} from '../api.ts';
import type {NetConfig} from './backend-nodes.ts';
import type {NetConnection, NetConsumer} from './connection.ts';
import type {FrameReceiver} from './rx-ring.ts';
import {createNetStats, type NetStats} from './stats.ts';

const ETH_HLEN = 14;
const PAGE_SIZE = 4096;

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
  private readonly received = new Subject<readonly Uint8Array[]>();
  private readonly gone = new Subject<never>();

  constructor(name: string, config: NetConfig) {
    this.name = name;
    this.config = config;
    this.consumer = {
      receive: (u8, offset, length) => this.onFrame(u8, offset, length),
      endBatch: () => this.endBatch(),
      onRoom: () => this.raw?.onRoom?.(),
    };
  }

  get mac(): Uint8Array {
    return this.config.mac;
  }

  get mtu(): number {
    return this.config.mtu;
  }

  /** True while both ends are connected and the backend does not say that the link is down. */
  get carrier(): boolean {
    return this.open !== undefined;
  }

  get frames(): Observable<readonly Uint8Array[]> {
    return this.received.asObservable();
  }

  get removed(): Observable<never> {
    return this.gone.asObservable();
  }

  send(frame: Uint8Array): boolean {
    const {open} = this;
    const isAllowed = frame.length >= ETH_HLEN && frame.length <= this.mtu + ETH_HLEN;
    if (!isAllowed || open?.tx.put(frame) !== true) {
      this.counters.txDropped++;
      return false;
    }
    open.flush();
    return true;
  }

  /** Room for a frame of up to a page: its byte offset in the guest's memory, or -1: the ring is full, or there is no carrier. */
  reserve(): number {
    return this.open?.tx.reserve() ?? -1;
  }

  /** Sends the frame of `length` bytes, 14..4096, built where `reserve` said last, with the next flush. */
  commit(length: number): boolean {
    if (length < ETH_HLEN || length > Math.min(PAGE_SIZE, this.mtu + ETH_HLEN)) return false;
    return this.open?.tx.commit(length) ?? false;
  }

  /** Publishes the frames committed. */
  flush(): void {
    this.connection?.flush();
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

  /** Called by the driver when both ends are connected. */
  up(connection: NetConnection, config: NetConfig): void {
    this.config = config;
    this.connection = connection;
  }

  /** Called by the driver when they are not any more. */
  down(): void {
    this.connection = undefined;
  }

  /** Called by the driver when the device is gone. */
  remove(): void {
    this.down();
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

  private onFrame(u8: Uint8Array, offset: number, length: number): void {
    if (this.raw !== undefined) this.raw.receive(u8, offset, length);
    else if (this.received.observed) this.batch.push(u8.slice(offset, offset + length));
  }

  private endBatch(): void {
    if (this.batch.length === 0) return;
    const {batch} = this;
    this.batch = [];
    this.received.next(batch);
  }
}
