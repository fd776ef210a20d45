import {chmodSync, rmSync, unlinkSync} from 'node:fs';
import {createServer, connect, type Server, type Socket} from 'node:net';
import type {Connection} from './connection.ts';
import {SocketOutlet} from './socket-outlet.ts';
import type {XsReceiver, XsTransport} from './transport.ts';
import {encodeMessage, MessageAssembler, type XsMessage} from './wire.ts';
import type {Xenstored} from './xenstored.ts';

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
export async function listenOnSocket({dispatcher}: Xenstored, path: string): Promise<XenstoreSocket> {
  if (await isStale(path)) unlinkSync(path);
  return serve(path, (socket, forget) => {
    const connection = dispatcher.connect(`socket ${++lastSocket}`, 0, undefined);
    return new SocketOutlet(dispatcher, connection, socket, (outlet) => {
      forget(outlet);
      dispatcher.drop(connection);
    });
  });
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
  return serve(path, (socket, forget) => {
    if (connection.outlet !== undefined || connection.ignored) return undefined;
    return new SocketOutlet(dispatcher, connection, socket, (outlet) => {
      forget(outlet);
      outlet.dropped();
      if (connection.outlet !== outlet) return;
      connection.outlet = undefined;
      if (outlet.isCorrupt) dispatcher.ignore(connection);
      else dispatcher.reset(connection);
      dispatcher.flush();
    });
  });
}

/** What becomes of a client: undefined turns it away. It is to be forgotten when it goes. */
type Accept = (socket: Socket, forget: (client: SocketOutlet) => void) => SocketOutlet | undefined;

/** The socket is there when the call returns, to be connected to; the promise tells of errors. */
async function serve(path: string, accept: Accept): Promise<XenstoreSocket> {
  const clients = new Set<SocketOutlet>();
  const server = createServer({allowHalfOpen: true, pauseOnConnect: true}, (socket) => {
    const client = accept(socket, (gone) => clients.delete(gone));
    if (client === undefined) socket.destroy();
    else clients.add(client);
  });
  await listening(server, path);
  chmodSync(path, 0o600);
  return {
    path,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const client of clients) client.onClose();
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
