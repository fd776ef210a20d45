import {CORRUPT, xenstoreRings, type ByteRing} from '../abi/byte-ring.ts';
import type {RingPage} from './domain-ring.ts';
import type {XsReceiver, XsTransport} from './transport.ts';
import {encodeMessage, MessageAssembler, type XsMessage} from './wire.ts';

/** Byte offset in the page, and its value until the store has the ring. @see xs_wire.h, XENSTORE_RECONNECT */
const CONNECTION = 2068;
const XENSTORE_RECONNECT = 1;

export interface GuestRingOptions {
  readonly page: RingPage;
  /** Sends the store its event. */
  readonly notify: () => void;
}

/**
 * The domain's end of its xenstore ring: what a guest kernel's xenbus driver has. Requests wait in a queue while the ring is
 * full, and while the page says that the store has yet to connect. A store that breaks the ring loses its client.
 *
 * @see docs/misc/xenstore-ring.txt
 */
export class GuestRing implements XsTransport {
  private readonly req: ByteRing;
  private readonly rsp: ByteRing;
  private readonly notify: () => void;
  private readonly incoming = new MessageAssembler();
  private readonly scratch: Uint8Array;
  private outgoing: Uint8Array[] = [];
  private written = 0;
  private receiver: XsReceiver | undefined;
  private open = true;
  private readonly page: RingPage;
  /** A domain may start before the store knows it. */
  private isAwaited = true;

  constructor({page, notify}: GuestRingOptions) {
    const {u8, u32, offset} = page;
    this.page = page;
    ({req: this.req, rsp: this.rsp} = xenstoreRings(u8, u32, offset));
    this.scratch = new Uint8Array(this.rsp.size);
    this.notify = notify;
  }

  receive(receiver: XsReceiver): void {
    this.receiver = receiver;
  }

  send(message: XsMessage): void {
    if (!this.open) return;
    this.outgoing.push(encodeMessage(message));
    if (this.outgoing.length === 1 && this.putRequests()) this.notify();
  }

  /** The store has sent its event: there are replies, or room for requests. */
  onEvent(): void {
    if (!this.open) return;
    const took = this.takeReplies();
    const put = this.putRequests();
    if (this.open && (took || put)) this.notify();
  }

  close(): void {
    if (!this.open) return;
    this.open = false;
    this.outgoing = [];
    this.receiver?.onClose();
  }

  toString(): string {
    return `guest ring req ${String(this.req)} rsp ${String(this.rsp)}`;
  }

  /** @returns whether the store got any bytes */
  private putRequests(): boolean {
    if (this.isAwaited && !this.isConnected()) return false;
    this.isAwaited = false;
    let moved = false;
    for (let message = this.outgoing[0]; message !== undefined; message = this.outgoing[0]) {
      const written = this.req.write(message, this.written);
      if (written === CORRUPT) this.close();
      if (written <= 0) return moved;
      moved = true;
      this.written += written;
      if (this.written < message.length) return moved;
      this.outgoing.shift();
      this.written = 0;
    }
    return moved;
  }

  private isConnected(): boolean {
    const {u32, offset} = this.page;
    return u32[(offset + CONNECTION) >>> 2] !== XENSTORE_RECONNECT;
  }

  /** Takes what is there, at most the ring once. @returns whether there was anything */
  private takeReplies(): boolean {
    const read = this.rsp.read(this.scratch);
    if (read === CORRUPT) this.close();
    for (let at = 0; at < read && this.open;) {
      at = this.incoming.feed(this.scratch, at, read);
      const message = this.incoming.take();
      if (message !== undefined) this.receiver?.onMessage(message);
      else if (this.incoming.overlong) this.close();
    }
    return read > 0;
  }
}
