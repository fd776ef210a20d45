import type {Socket} from 'node:net';
import {encodeFrames, FrameDecoder} from './frame-decoder.ts';
import type {WireEnd} from './wire.ts';

/** Bytes that wait for a slow peer at most; frames that would go beyond it are dropped. */
const MAX_WAITING = 1024 * 1024;

/** One stream connection that carries frames, until either side ends it. */
export class FrameConnection {
  private readonly socket: Socket;
  private readonly end: WireEnd;
  private readonly decoder = new FrameDecoder();
  private error: string | undefined;

  /** `onEnd` is called once, with the reason, unless `close` was; `isFault`: the peer does not speak this framing. */
  constructor(socket: Socket, end: WireEnd, onEnd: (reason: string, isFault: boolean) => void) {
    this.socket = socket;
    this.end = end;
    socket.on('data', (chunk: Buffer) => this.take(chunk));
    socket.on('error', ({code, message}: NodeJS.ErrnoException) => (this.error = code ?? message));
    socket.once('close', () => onEnd(this.reason(), this.decoder.fault !== undefined));
  }

  send(frames: readonly Uint8Array[]): boolean {
    if (this.socket.destroyed || this.socket.writableLength > MAX_WAITING) return false;
    this.socket.write(encodeFrames(frames));
    return true;
  }

  close(): void {
    this.socket.removeAllListeners('close');
    this.socket.destroy();
  }

  /** A chunk at a time: a peer that floods us waits in the kernel. */
  private take(chunk: Buffer): void {
    this.socket.pause();
    this.end.schedule.post(() => {
      const frames = this.decoder.push(chunk);
      if (frames.length > 0 && !this.socket.destroyed) this.end.receive(frames);
      if (this.decoder.fault === undefined) this.socket.resume();
      else this.socket.destroy();
    });
  }

  private reason(): string {
    return this.decoder.fault ?? this.error ?? (this.decoder.isPending ? 'ended within a frame' : 'ended by the peer');
  }
}
