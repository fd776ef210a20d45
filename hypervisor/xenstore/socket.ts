import {chmodSync, rmSync, unlinkSync} from 'node:fs';
import {createServer, connect, type Server, type Socket} from 'node:net';
import type {Connection, Outlet} from './connection.ts';
import type {Dispatcher} from './dispatcher.ts';
import type {XsReceiver, XsTransport} from './transport.ts';
import {encodeMessage, MessageAssembler, messageText, type XsMessage} from './wire.ts';
import type {Xenstored} from './xenstored.ts';

/** Replies are answered to a client that does not read them up to this; then its requests wait too. */
const PAUSE_BYTES = 256 * 1024;
/** With this much queued, events of a client that does not read, it is dropped. */
const DROP_BYTES = 16 * 1024 * 1024;

/** A connection's bytes on a socket. */
export class SocketOutlet implements Outlet {
  private readonly dispatcher: Dispatcher;
  private readonly connection: Connection;
  private readonly socket: Socket;
  private readonly incoming = new MessageAssembler();
  /** Bytes that arrived while the client was behind with its replies, or had too many requests outstanding. */
  private unread: Uint8Array | undefined;
  private reading = false;
  private ended = false;
  /** The client has gone, or must go: it sent what cannot be followed, or let too much pile up. */
  onEnd: () => void;

  constructor(dispatcher: Dispatcher, connection: Connection, socket: Socket) {
    this.dispatcher = dispatcher;
    this.connection = connection;
    this.socket = socket;
    this.onEnd = () => dispatcher.drop(connection);
    connection.outlet = this;
    socket.on('data', (bytes: Uint8Array) => this.onData(bytes));
    socket.on('drain', () => this.wake());
    socket.on('end', () => this.onHalfClosed());
    socket.on('error', () => this.onEnd());
    socket.on('close', () => this.onEnd());
  }

  wake(): void {
    if (this.connection.queue.sizeBytes > DROP_BYTES) return this.onEnd();
    this.write();
    if (this.unread !== undefined && !this.reading && !this.isBlocked) this.readOn();
    else if (!this.isBehind && this.socket.isPaused()) this.socket.resume();
    if (this.ended && !this.isBehind) this.socket.end();
  }

  dropped(): void {
    this.socket.destroy();
  }

  private write(): void {
    const {queue} = this.connection;
    // A latin1 string goes to the system as it is, without a Buffer made for it.
    let text = '';
    const room = PAUSE_BYTES - this.socket.writableLength;
    for (let next = queue.peek(); next !== undefined && text.length < room; next = queue.peek()) {
      text += messageText(next);
      queue.shift();
    }
    if (text !== '') this.socket.write(text, 'latin1');
  }

  private onData(bytes: Uint8Array): void {
    this.unread = this.unread === undefined ? bytes : Buffer.concat([this.unread, bytes]);
    this.readOn();
  }

  private readOn(): void {
    this.reading = true;
    while (this.unread !== undefined && !this.isBlocked && !this.isCorrupt) {
      this.takeRequests();
      this.dispatcher.flush();
    }
    this.reading = false;
    if (this.isCorrupt) this.onEnd();
    else if (this.isBehind) this.socket.pause();
  }

  private takeRequests(): void {
    const {dispatcher, connection, incoming} = this;
    const bytes = this.unread!;
    let at = 0;
    while (at < bytes.length && !this.isBlocked && !incoming.overlong) {
      at = incoming.feed(bytes, at, bytes.length);
      const message = incoming.take();
      if (message !== undefined) dispatcher.dispatch(connection, message);
    }
    this.unread = at < bytes.length ? bytes.subarray(at) : undefined;
  }

  /** No more requests are taken for now. */
  private get isBlocked(): boolean {
    return this.connection.queue.sizeBytes >= PAUSE_BYTES || !this.dispatcher.mayRead(this.connection);
  }

  /** The client announced a message that is too long. */
  get isCorrupt(): boolean {
    return this.incoming.overlong;
  }

  private get isBehind(): boolean {
    return this.unread !== undefined || !this.connection.queue.isEmpty;
  }

  /** The client sends nothing more; it may still read. */
  private onHalfClosed(): void {
    this.ended = true;
    this.wake();
  }
}

let lastSocket = 0;

/** A Unix socket that serves the store, as libxenstore and its tools expect it. */
export interface XenstoreSocket {
  readonly path: string;
  /** Drops all clients and removes the socket. */
  close(): Promise<void>;
}

/**
 * Serves the store at `path` with mode 0600. A socket there that nobody listens on is replaced.
 * Rejects with the system's error, EADDRINUSE when another daemon serves there.
 */
export function listenOnSocket(store: Xenstored, path: string): Promise<XenstoreSocket> {
  return serveAt(path, (socket) => {
    const connection = store.dispatcher.connect(`socket ${++lastSocket}`, 0, undefined);
    return new SocketOutlet(store.dispatcher, connection, socket);
  });
}

/** What becomes of a client: undefined turns it away. */
type Accept = (socket: Socket) => SocketOutlet | undefined;

/** As {@link listenOnSocket}. */
async function serveAt(path: string, accept: Accept): Promise<XenstoreSocket> {
  if (await isStale(path)) unlinkSync(path);
  return serve(path, accept);
}

/** The socket is there when the call returns, to be connected to; the promise tells of errors. */
async function serve(path: string, accept: Accept): Promise<XenstoreSocket> {
  const clients = new Set<SocketOutlet>();
  const server = createServer({allowHalfOpen: true}, (socket) => {
    const client = accept(socket);
    if (client === undefined) return void socket.destroy();
    clients.add(client);
    socket.on('close', () => clients.delete(client));
  });
  await listening(server, path);
  chmodSync(path, 0o600);
  return {
    path,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const client of clients) client.onEnd();
      }),
  };
}

/**
 * Serves a domain at `path`: what its ring would carry goes over the one client's stream. A client that goes leaves the domain
 * as after a reconnection of its ring, without watches and transactions; one that breaks the protocol is heard no more.
 */
export function listenForDomain(
  {dispatcher}: Xenstored,
  path: string,
  connection: Connection,
): Promise<XenstoreSocket> {
  rmSync(path, {force: true});
  return serve(path, (socket) => {
    if (connection.outlet !== undefined || connection.ignored) return undefined;
    const outlet = new SocketOutlet(dispatcher, connection, socket);
    outlet.onEnd = () => {
      if (connection.outlet !== outlet) return;
      connection.outlet = undefined;
      if (outlet.isCorrupt) dispatcher.ignore(connection);
      else dispatcher.reset(connection);
      dispatcher.flush();
      socket.destroy();
    };
    return outlet;
  });
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** A socket is there, and refuses connections. */
function isStale(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(false);
    });
    probe.once('error', ({code}: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED'));
  });
}

/** A client's transport to a daemon's socket, ours or another. Rejects with the system's error. */
export function connectSocket(path: string): Promise<XsTransport> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(new SocketTransport(socket));
    });
  });
}

class SocketTransport implements XsTransport {
  private readonly socket: Socket;
  private readonly incoming = new MessageAssembler();
  private receiver: XsReceiver | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes: Uint8Array) => this.onData(bytes));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.receiver?.onClose());
  }

  receive(receiver: XsReceiver): void {
    this.receiver = receiver;
  }

  send(message: XsMessage): void {
    if (this.socket.writable) this.socket.write(encodeMessage(message));
  }

  close(): void {
    this.socket.destroy();
  }

  private onData(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      at = this.incoming.feed(bytes, at, bytes.length);
      const message = this.incoming.take();
      if (message !== undefined) this.receiver?.onMessage(message);
      else if (this.incoming.overlong) return this.close();
    }
  }
}
