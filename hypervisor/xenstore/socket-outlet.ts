import type {Socket} from 'node:net';
import type {Connection, Outlet} from './connection.ts';
import type {Dispatcher} from './dispatcher.ts';
import {SocketStream, type SocketReceiver} from './socket-stream.ts';
import {MessageAssembler, messageBytes, putMessage} from './wire.ts';

/** Replies are answered to a client that does not read them up to this; then its requests wait too. */
const PAUSE_BYTES = 256 * 1024;
/** With this much queued, events of a client that does not read, it is dropped. */
const DROP_BYTES = 16 * 1024 * 1024;

/** One for all: replies and events are put here and written at once. */
const WRITE_BUFFER = Buffer.allocUnsafeSlow(64 * 1024);

/** A connection's bytes on a socket. */
export class SocketOutlet implements Outlet, SocketReceiver {
  private readonly dispatcher: Dispatcher;
  private readonly connection: Connection;
  private readonly stream: SocketStream;
  private readonly incoming = new MessageAssembler();
  /** Bytes that arrived while the client was behind with its replies, or had too many requests outstanding. */
  private unread: Uint8Array | undefined;
  private reading = false;
  private ended = false;
  private readonly leave: (outlet: SocketOutlet) => void;

  /**
   * `socket` comes from a server with `pauseOnConnect`. `leave` is called, more than once maybe, when the client has gone or
   * must go: it sent what cannot be followed, or let too much pile up.
   */
  constructor(dispatcher: Dispatcher, connection: Connection, socket: Socket, leave: (outlet: SocketOutlet) => void) {
    this.dispatcher = dispatcher;
    this.connection = connection;
    this.leave = leave;
    this.stream = new SocketStream(socket, this);
    connection.outlet = this;
  }

  wake(): void {
    if (this.connection.queue.sizeBytes > DROP_BYTES) return this.onClose();
    this.write();
    if (this.reading) return;
    if (this.unread !== undefined && !this.isBlocked) this.read(this.unread, this.unread.length);
    else this.regulate();
  }

  dropped(): void {
    this.stream.destroy();
  }

  onBytes(bytes: Uint8Array, size: number): void {
    if (this.unread === undefined) return this.read(bytes, size);
    const all = Buffer.concat([this.unread, bytes.subarray(0, size)]);
    this.read(all, all.length);
  }

  onDrain(): void {
    this.wake();
  }

  /** The client may still read. */
  onHalfClosed(): void {
    this.ended = true;
    this.wake();
  }

  onClose(): void {
    this.leave(this);
  }

  /** The client announced a message that is too long. */
  get isCorrupt(): boolean {
    return this.incoming.overlong;
  }

  private write(): void {
    const {queue} = this.connection;
    while (!queue.isEmpty && this.stream.waitingBytes < PAUSE_BYTES) {
      let used = 0;
      for (let next = queue.peek(); next !== undefined; next = queue.peek()) {
        if (used + messageBytes(next) > WRITE_BUFFER.length) break;
        putMessage(next, WRITE_BUFFER, used);
        used += messageBytes(next);
        queue.shift();
      }
      this.stream.write(WRITE_BUFFER, used);
    }
  }

  /** Answers the requests in bytes [0, end) as far as they may be taken now. */
  private read(bytes: Uint8Array, end: number): void {
    this.reading = true;
    let at = 0;
    do {
      at = this.takeRequests(bytes, at, end);
      this.dispatcher.flush();
    } while (at < end && !this.isBlocked && !this.isOver);
    this.reading = false;
    this.unread = at < end ? Buffer.from(bytes.subarray(at, end)) : undefined;
    if (this.isOver) this.onClose();
    else this.regulate();
  }

  /** @returns where it stopped */
  private takeRequests(bytes: Uint8Array, start: number, end: number): number {
    const {dispatcher, connection, incoming} = this;
    let at = start;
    while (at < end && !this.isBlocked && !this.isOver) {
      at = incoming.feed(bytes, at, end);
      const message = incoming.take();
      if (message !== undefined) dispatcher.dispatch(connection, message);
    }
    return at;
  }

  /** Reads on when the client has caught up, and lets it go when it has and wants no more. */
  private regulate(): void {
    const isBehind = this.unread !== undefined || !this.connection.queue.isEmpty;
    this.stream.setPaused(isBehind);
    if (this.ended && !isBehind) this.stream.end();
  }

  /** No more requests are taken for now. */
  private get isBlocked(): boolean {
    return this.connection.queue.sizeBytes >= PAUSE_BYTES || !this.dispatcher.mayRead(this.connection);
  }

  /** No more requests are taken at all. */
  private get isOver(): boolean {
    return this.isCorrupt || this.connection.outlet !== this;
  }
}
