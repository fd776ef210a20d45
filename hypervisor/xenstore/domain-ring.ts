import {CORRUPT, xenstoreRings, type ByteRing} from '../abi/byte-ring.ts';
import {newBytes} from './byte-string.ts';
import type {Connection, Outlet} from './connection.ts';
import {encodeMessage, MessageAssembler, type XsMessage} from './wire.ts';

/** A domain's xenstore page as the host maps it. The views change when the domain's memory moves: look anew at each event. */
export interface RingPage {
  /** Two views of the same memory. */
  readonly u8: Uint8Array;
  readonly u32: Uint32Array;
  /** Byte offset of the page. */
  readonly offset: number;
}

/** What the store needs to talk to a domain over its ring. */
export interface RingAccess {
  readonly page: RingPage;
  /** Sends the domain its event. What the domain does about it must not happen within the call. */
  notify(): void;
  /** The store has no more use for page and port. */
  close?(): void;
}

/** Byte offsets in the page. @see xs_wire.h, struct xenstore_domain_interface */
const CONNECTION = 2068;
const ERROR = 2072;
/** Values of `connection`. @see xs_wire.h, XENSTORE_RECONNECT */
const XENSTORE_CONNECTED = 0;
const XENSTORE_RECONNECT = 1;
/** Values of `error`. @see xs_wire.h, XENSTORE_ERROR_RINGIDX */
const XENSTORE_ERROR_RINGIDX = 2;
const XENSTORE_ERROR_PROTO = 3;

const RING_BYTES = 1024;

/** What the ring asks of the store. */
export interface RingHost {
  dispatch(connection: Connection, message: XsMessage): void;
  /** Delivers what the requests have queued for other connections. */
  flush(): void;
  /** The domain has broken the protocol: it keeps its nodes and loses all else. */
  ignore(connection: Connection): void;
  /** Requests may be read from the connection: its quota of outstanding ones is not used up. */
  mayRead(connection: Connection): boolean;
  defer(task: () => void): void;
}

/**
 * The store's end of a domain's ring, from one introduction to the next. A domain that breaks the ring gets a number in the
 * page's `error`, and is not heard any more. One event takes at most what the ring can hold, once.
 *
 * @see docs/misc/xenstore-ring.txt
 */
export class DomainRing implements Outlet {
  private readonly host: RingHost;
  private readonly connection: Connection;
  private readonly access: RingAccess;
  private rings: {u8: Uint8Array; req: ByteRing; rsp: ByteRing} | undefined;
  private readonly incoming = new MessageAssembler();
  private readonly scratch = newBytes(RING_BYTES);
  /** The first message of the queue, of which some is in the ring. */
  private outgoing: Uint8Array | undefined;
  private written = 0;
  private closed = false;
  private running = false;
  private runAgain = false;

  /** The domain is introduced: both directions start empty, at index 0. */
  constructor(host: RingHost, connection: Connection, access: RingAccess) {
    this.host = host;
    this.connection = connection;
    this.access = access;
    this.req.cons = this.req.prod = 0;
    this.rsp.cons = this.rsp.prod = 0;
    if (this.word(CONNECTION) !== XENSTORE_RECONNECT) return;
    this.setWord(CONNECTION, XENSTORE_CONNECTED);
    access.notify();
  }

  /** The domain has sent its event. */
  onEvent(): void {
    if (this.running) this.runAgain = true;
    else this.run();
  }

  wake(): void {
    if (this.connection.stalled) this.onEvent();
    else if (!this.running && this.putReplies() > 0 && !this.deaf) this.access.notify();
  }

  /** The connection is gone, or gets another ring. */
  dropped(): void {
    if (this.closed) return;
    this.closed = true;
    this.access.close?.();
  }

  get hasBegun(): boolean {
    return this.written > 0;
  }

  toString(): string {
    const state = this.connection.ignored ? ' ignored' : '';
    return `${this.connection.label}${state} req ${String(this.req)} rsp ${String(this.rsp)}`;
  }

  private get req(): ByteRing {
    return this.currentRings().req;
  }

  private get rsp(): ByteRing {
    return this.currentRings().rsp;
  }

  private currentRings(): {req: ByteRing; rsp: ByteRing} {
    const {u8, u32, offset} = this.access.page;
    if (this.rings?.u8 !== u8) this.rings = {u8, ...xenstoreRings(u8, u32, offset)};
    return this.rings;
  }

  private get deaf(): boolean {
    return this.closed || this.connection.ignored;
  }

  private run(): void {
    this.running = true;
    const {access} = this;
    // Replies first: what they free may be what the requests wait for.
    const moved = this.putReplies() + this.takeRequests();
    if (moved > 0 && !this.deaf) access.notify();
    this.running = false;
    this.host.flush();
    if (!this.runAgain) return;
    // Not at once: a domain that answers every event with another must not hold us.
    this.runAgain = false;
    this.host.defer(() => this.onEvent());
  }

  /** @returns bytes taken */
  private takeRequests(): number {
    const {host, connection, incoming, scratch} = this;
    let taken = 0;
    while (!this.deaf && taken < RING_BYTES && host.mayRead(connection)) {
      const read = this.req.read(scratch, 0, Math.min(incoming.wanted, RING_BYTES - taken));
      if (read === CORRUPT) this.ignore(XENSTORE_ERROR_RINGIDX);
      if (read <= 0) break;
      taken += read;
      incoming.feed(scratch, 0, read);
      const message = incoming.take();
      if (message !== undefined) this.handle(message);
      else if (incoming.overlong) this.ignore(XENSTORE_ERROR_PROTO);
    }
    return taken;
  }

  private handle(message: XsMessage): void {
    this.host.dispatch(this.connection, message);
    this.putReplies();
  }

  /** @returns bytes put */
  private putReplies(): number {
    const {queue} = this.connection;
    let put = 0;
    while (!this.deaf && !queue.isEmpty) {
      const outgoing = this.outgoing ?? encodeMessage(queue.peek()!);
      const written = this.rsp.write(outgoing, this.written);
      if (written === CORRUPT) this.ignore(XENSTORE_ERROR_RINGIDX);
      if (written <= 0) break;
      this.outgoing = outgoing;
      put += written;
      this.written += written;
      if (this.written < outgoing.length) break;
      this.outgoing = undefined;
      this.written = 0;
      queue.shift();
    }
    return put;
  }

  private ignore(error: number): void {
    this.setWord(ERROR, error);
    this.host.ignore(this.connection);
  }

  private word(offset: number): number {
    const {u32, offset: page} = this.access.page;
    return u32[(page + offset) >>> 2];
  }

  private setWord(offset: number, value: number): void {
    const {u32, offset: page} = this.access.page;
    u32[(page + offset) >>> 2] = value;
  }
}
