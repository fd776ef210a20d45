import {chmodSync, unlinkSync} from 'node:fs';
import {createServer, connect, type Server, type Socket} from 'node:net';
import type {Connection, Outlet} from './connection.ts';
import type {XsReceiver, XsTransport} from './transport.ts';
import {encodeMessage, MessageAssembler, type XsMessage} from './wire.ts';
import type {Xenstored} from './xenstored.ts';

/** Replies are answered to a client that does not read them up to this; then its requests wait too. */
const PAUSE_BYTES = 256 * 1024;
/** With this much queued, events of a client that does not read, it is dropped. */
const DROP_BYTES = 16 * 1024 * 1024;

/** One client of the socket, with dom0's rights. */
class SocketOutlet implements Outlet {
  private readonly store: Xenstored;
  private readonly connection: Connection;
  private readonly socket: Socket;
  private readonly incoming = new MessageAssembler();
  /** Bytes that arrived while the client was behind with its replies. */
  private unread: Uint8Array | undefined;
  private ended = false;

  constructor(store: Xenstored, socket: Socket) {
    this.store = store;
    this.socket = socket;
    const serial = ++lastSocket;
    this.connection = store.dispatcher.connect(`socket ${serial}`, 0, undefined);
    this.connection.outlet = this;
    socket.on('data', (bytes: Uint8Array) => this.onData(bytes));
    socket.on('drain', () => this.onDrain());
    socket.on('end', () => this.onEnd());
    socket.on('error', () => this.drop());
    socket.on('close', () => this.drop());
  }

  wake(): void {
    const {queue} = this.connection;
    if (queue.sizeBytes > DROP_BYTES) return this.drop();
    const parts: Uint8Array[] = [];
    let bytes = this.socket.writableLength;
    for (let next = queue.peek(); next !== undefined && bytes < PAUSE_BYTES; next = queue.peek()) {
      const part = encodeMessage(next);
      parts.push(part);
      bytes += part.length;
      queue.shift();
    }
    if (parts.length > 0) this.socket.write(parts.length === 1 ? parts[0] : Buffer.concat(parts));
    if (this.ended && !this.isBehind) this.socket.end();
  }

  dropped(): void {
    this.socket.destroy();
  }

  drop(): void {
    this.store.dispatcher.drop(this.connection);
  }

  private onData(bytes: Uint8Array): void {
    const {dispatcher} = this.store;
    for (let at = 0; at < bytes.length;) {
      at = this.incoming.feed(bytes, at, bytes.length);
      const message = this.incoming.take();
      if (message !== undefined) dispatcher.dispatch(this.connection, message);
      else if (this.incoming.overlong) return this.drop();
      if (this.connection.queue.sizeBytes < PAUSE_BYTES || at === bytes.length) continue;
      this.unread = bytes.subarray(at);
      break;
    }
    dispatcher.flush();
    if (this.isBehind) this.socket.pause();
  }

  private get isBehind(): boolean {
    return this.unread !== undefined || !this.connection.queue.isEmpty;
  }

  private onDrain(): void {
    this.wake();
    const {unread} = this;
    this.unread = undefined;
    if (unread !== undefined) this.onData(unread);
    if (!this.isBehind) this.socket.resume();
  }

  /** The client sends nothing more; it may still read. */
  private onEnd(): void {
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
export async function listenOnSocket(store: Xenstored, path: string): Promise<XenstoreSocket> {
  const clients = new Set<SocketOutlet>();
  const server = createServer({allowHalfOpen: true}, (socket) => {
    const client = new SocketOutlet(store, socket);
    clients.add(client);
    socket.on('close', () => clients.delete(client));
  });
  if (await isStale(path)) unlinkSync(path);
  await listening(server, path);
  chmodSync(path, 0o600);
  return {
    path,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const client of clients) client.drop();
      }),
  };
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
