import {chmodSync} from 'node:fs';
import {createServer, type Server} from 'node:net';
import type {Log} from './log.ts';
import type {MethodTable} from './methods.ts';
import type {ServedHost} from './served-host.ts';
import {ServerConnection} from './server-connection.ts';

const CONNECTIONS_MAX = 512;

/** The daemon's end of the socket. */
export class RpcServer {
  readonly #server: Server;
  readonly #connections = new Set<ServerConnection>();

  constructor(host: ServedHost, methods: MethodTable, log: Log) {
    this.#server = createServer((socket) => {
      const connection = new ServerConnection(socket, host, methods, log);
      this.#connections.add(connection);
      socket.once('close', () => this.#connections.delete(connection));
    });
    this.#server.maxConnections = CONNECTIONS_MAX;
    this.#server.on('error', (error) => log(`socket: ${error.message}`));
  }

  async listen(path: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(path, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    chmodSync(path, 0o600);
  }

  /** Takes no more connections, and ends those there are when what was sent has gone out. */
  close(): Promise<void> {
    const closed = new Promise<void>((resolve) => void this.#server.close(() => resolve()));
    for (const connection of this.#connections) void connection.end();
    return closed;
  }
}
