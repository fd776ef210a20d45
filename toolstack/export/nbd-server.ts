import {createServer, type Server, type Socket} from 'node:net';
import {ExactReader} from '../../backends/storage/nbd/index.ts';
import {ToolstackError} from '../errors.ts';
import type {ExportedDisk} from './export-disk.ts';
import {Negotiation} from './negotiation.ts';
import {Transmission} from './transmission.ts';

/** Clients of one export at once. */
const MAX_CLIENTS = 16;
/** A client that has not agreed by then is dropped. */
const NEGOTIATION_MS = 10_000;

/** A Unix socket, or a port of the loopback interface; 0 for any that is free. */
export type NbdListen = {socket: string} | {port: number};

export interface NbdServerOptions {
  /** Name of the export, "xvda". */
  name: string;
  disk: ExportedDisk;
  listen: NbdListen;
}

/** Serves one disk over NBD, to clients on this machine. */
export class NbdServer {
  /** How clients name it. */
  readonly uri: string;
  private readonly server: Server;
  private readonly clients = new Set<Socket>();

  /** @throws ToolstackError when the socket or port cannot be had */
  static async listen(options: NbdServerOptions): Promise<NbdServer> {
    const {listen} = options;
    const server = createServer();
    server.maxConnections = MAX_CLIENTS;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => reject(refusal(listen, error)));
      if ('socket' in listen) server.listen(listen.socket, resolve);
      else server.listen(listen.port, '127.0.0.1', resolve);
    });
    return new NbdServer(server, options);
  }

  private constructor(server: Server, {name, disk, listen}: NbdServerOptions) {
    this.server = server;
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    this.uri =
      'socket' in listen
        ? `nbd+unix:///${name}?socket=${encodeURIComponent(listen.socket).replaceAll('%2F', '/')}`
        : `nbd://localhost:${port}/${name}`;
    server.on('error', () => undefined);
    server.on('connection', (socket) => void this.serve(socket, name, disk));
  }

  close(): void {
    this.server.close();
    for (const client of this.clients) client.destroy();
  }

  /** A client that breaks the protocol, or goes away, is its own loss. */
  private async serve(socket: Socket, name: string, disk: ExportedDisk): Promise<void> {
    this.clients.add(socket);
    socket.on('error', () => undefined);
    socket.setNoDelay(true);
    const reader = new ExactReader(socket);
    const impatience = setTimeout(() => socket.destroy(), NEGOTIATION_MS);
    try {
      const agreed = await new Negotiation(socket, reader, disk, name).run();
      clearTimeout(impatience);
      if (agreed !== undefined) await new Transmission(socket, reader, disk, agreed).run();
      socket.end();
    } catch {
      socket.destroy();
    } finally {
      clearTimeout(impatience);
      this.clients.delete(socket);
    }
  }
}

const refusal = (listen: NbdListen, error: NodeJS.ErrnoException): ToolstackError => {
  const where = 'socket' in listen ? listen.socket : `port ${listen.port}`;
  return new ToolstackError(error.code ?? 'EIO', `pvsim: cannot listen on ${where}: ${error.code ?? error.message}`);
};
