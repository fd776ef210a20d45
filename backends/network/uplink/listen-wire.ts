import {unlinkSync} from 'node:fs';
import {connect, createServer, type Server} from 'node:net';
import {FrameConnection} from './frame-connection.ts';
import type {Wire, WireEnd} from './wire.ts';

/** Listens on a Unix socket for one program at a time. */
export class ListenWire implements Wire {
  private readonly path: string;
  private readonly end: WireEnd;
  private readonly server: Server;
  private connection: FrameConnection | undefined;

  constructor(path: string, end: WireEnd) {
    this.path = path;
    this.end = end;
    this.server = createServer((socket) => {
      if (this.connection !== undefined) {
        socket.on('error', () => undefined).destroy();
        return;
      }
      this.connection = new FrameConnection(socket, end, (reason) => {
        this.connection = undefined;
        this.end.report(reason);
      });
      this.end.report('connected');
    });
  }

  /** A socket that nobody listens on any more is replaced. */
  async open(): Promise<void> {
    if (await isStale(this.path)) unlinkSync(this.path);
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(this.path, resolve);
    });
  }

  send(frames: readonly Uint8Array[]): boolean {
    return this.connection?.send(frames) ?? false;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.connection?.close();
    });
  }
}

const isStale = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
    probe.once('error', ({code}: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED'));
  });
