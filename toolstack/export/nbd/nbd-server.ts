import type {Server, Socket} from 'node:net';
import {ExactReader} from '../../../backends/storage/nbd/index.ts';
import {type Listen, listenLocally, portOf} from '../listen.ts';
import type {ExportedDisk} from './export-disk.ts';
import {Negotiation} from './negotiation.ts';
import {Transmission} from './transmission.ts';

/** A client that has not agreed by then is dropped. */
const NEGOTIATION_MS = 10_000;

export interface NbdServerOptions {
  /** Name of the export, "xvda". */
  name: string;
  disk: ExportedDisk;
  listen: Listen;
}

/** Serves one disk over NBD, to clients on this machine. */
export class NbdServer {
  /** How clients name it. */
  readonly uri: string;
  private readonly server: Server;
  private readonly clients = new Set<Socket>();

  /** @throws ToolstackError when the socket or port cannot be had */
  static async listen(options: NbdServerOptions): Promise<NbdServer> {
    return new NbdServer(await listenLocally(options.listen), options);
  }

  private constructor(server: Server, {name, disk, listen}: NbdServerOptions) {
    this.server = server;
    this.uri =
      'socket' in listen
        ? `nbd+unix:///${name}?socket=${encodeURIComponent(listen.socket).replaceAll('%2F', '/')}`
        : `nbd://localhost:${portOf(server)}/${name}`;
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
