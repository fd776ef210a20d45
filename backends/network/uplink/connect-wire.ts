import {connect, type Socket} from 'node:net';
import {NS_PER_MS, type Timer} from '../../../hypervisor/schedule/index.ts';
import {FrameConnection} from './frame-connection.ts';
import type {Wire, WireEnd} from './wire.ts';

const RETRY_NS = 200 * NS_PER_MS;

/** Connects to a Unix socket that another program listens on, and again whenever that has gone. */
export class ConnectWire implements Wire {
  private readonly path: string;
  private readonly end: WireEnd;
  private socket: Socket | undefined;
  private connection: FrameConnection | undefined;
  private retry: Timer | undefined;
  /** Said once, not with each attempt. */
  private trouble = '';

  constructor(path: string, end: WireEnd) {
    this.path = path;
    this.end = end;
  }

  open(): Promise<void> {
    this.connect();
    return Promise.resolve();
  }

  send(frames: readonly Uint8Array[]): boolean {
    return this.connection?.send(frames) ?? false;
  }

  close(): Promise<void> {
    this.retry?.cancel();
    this.connection?.close();
    this.socket?.removeAllListeners();
    this.socket?.on('error', () => undefined).destroy();
    return Promise.resolve();
  }

  private connect(): void {
    const socket = connect(this.path);
    this.socket = socket;
    socket.once('error', (error: NodeJS.ErrnoException) =>
      this.again(`cannot connect: ${error.code ?? error.message}`),
    );
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      this.connection = new FrameConnection(socket, this.end, (reason, isFault) => this.ended(reason, isFault));
      this.tell('connected');
    });
  }

  private ended(reason: string, isFault: boolean): void {
    this.connection = undefined;
    if (isFault) this.tell(`${reason}: this is not a stream of frames, not connecting again`);
    else this.again(reason);
  }

  private again(trouble: string): void {
    this.tell(`${trouble}; trying again`);
    this.retry = this.end.schedule.after(RETRY_NS, () => this.connect());
  }

  private tell(change: string): void {
    if (change !== this.trouble) this.end.report(change);
    this.trouble = change;
  }
}
