import {lstatSync, unlinkSync} from 'node:fs';
import type {DgramSocket} from 'node-unix-socket';
import type {Wire, WireEnd} from './wire.ts';

/** Frames on their way to the kernel at most; others are dropped, as the peer is too slow. */
const MAX_WAITING = 1024;
/** Frames that came and were not taken yet. */
const MAX_INCOMING = 1024;

/** A frame a datagram between two Unix sockets, either of which may be gone for a while. */
export class DatagramWire implements Wire {
  private readonly path: string;
  private readonly peer: string;
  private readonly end: WireEnd;
  private socket: DgramSocket | undefined;
  private waiting = 0;
  private incoming: Buffer[] = [];

  constructor(path: string, peer: string, end: WireEnd) {
    this.path = path;
    this.peer = peer;
    this.end = end;
  }

  async open(): Promise<void> {
    // Native code, which not every machine has: loaded only by those who ask for it.
    const {DgramSocket} = await import('node-unix-socket');
    const socket = new DgramSocket();
    socket.on('error', (error: Error) => this.end.report(error.message));
    socket.on('data', (frame: Buffer) => this.take(frame));
    removeSocket(this.path);
    socket.bind(this.path);
    this.socket = socket;
  }

  send(frames: readonly Uint8Array[]): boolean {
    const {socket} = this;
    if (socket === undefined || this.waiting + frames.length > MAX_WAITING) return false;
    this.waiting += frames.length;
    // A peer that is not there, or that cannot keep up, loses frames: it is a datagram's fate.
    for (const frame of frames) socket.sendTo(Buffer.from(frame), 0, frame.length, this.peer, () => this.waiting--);
    return true;
  }

  close(): Promise<void> {
    if (this.socket !== undefined) {
      this.socket.close();
      this.socket = undefined;
      removeSocket(this.path);
    }
    return Promise.resolve();
  }

  private take(frame: Buffer): void {
    if (this.incoming.length >= MAX_INCOMING) return;
    if (this.incoming.push(frame) > 1) return;
    this.end.schedule.post(() => {
      const frames = this.incoming;
      this.incoming = [];
      this.end.receive(frames);
    });
  }
}

/** Also one that somebody left behind: there is no asking whether anybody listens. */
const removeSocket = (path: string): void => {
  if (lstatSync(path, {throwIfNoEntry: false})?.isSocket() === true) unlinkSync(path);
};
