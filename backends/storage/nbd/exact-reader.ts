import type {Socket} from 'node:net';

/** Reads a socket in pieces of known length; what nobody asked for waits in the socket, and so with the peer. */
export class ExactReader {
  private readonly socket: Socket;
  private wake: (() => void) | undefined;
  private ended = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('readable', () => this.wake?.());
    for (const end of ['end', 'close', 'error']) {
      socket.on(end, () => {
        this.ended = true;
        this.wake?.();
      });
    }
  }

  /** One call at a time. @throws when the peer has ended the connection */
  async read(length: number): Promise<Buffer> {
    if (length === 0) return Buffer.alloc(0);
    for (;;) {
      const bytes = this.socket.read(length) as Buffer | null;
      if (bytes?.length === length) return bytes;
      // At the end of a stream read() gives what is left.
      if (bytes !== null || this.ended) throw new Error('the connection has ended');
      await new Promise<void>((resolve) => (this.wake = resolve));
      this.wake = undefined;
    }
  }
}
