import {writeSync} from 'node:fs';
import {Socket} from 'node:net';

/** What a server does about a client's socket. */
export interface SocketReceiver {
  /** Bytes [0, size) have come. Their buffer is read into again after the call. */
  onBytes(bytes: Uint8Array, size: number): void;
  /** What waited has been written. */
  onDrain(): void;
  /** The client sends nothing more. */
  onHalfClosed(): void;
  /** The client is gone. */
  onClose(): void;
}

/** Node's own end of a socket. */
interface Handle {
  readonly fd: number;
}

/** One for all: whatever is read is done with before the next read. */
const READ_BUFFER = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * A client's socket that is read into one static buffer and written to by the system call. The buffer, the request and the
 * turn of the microtasks that Node's streams spend on each read and each write cost more than the store's answer
 * (docs/xenstore.md, "Speed"). It takes the handle of the accepted socket, which Node does not document; when there is none,
 * it is a stream as any other.
 */
export class SocketStream {
  private readonly socket: Socket;
  private readonly fd: number | undefined;
  private isPaused = false;

  /** `accepted` comes from a server with `pauseOnConnect`. */
  constructor(accepted: Socket, receiver: SocketReceiver) {
    const handle = handleOf(accepted);
    this.fd = handle?.fd;
    this.socket = handle === undefined ? streaming(accepted, receiver) : moveHandle(accepted, handle, receiver);
    this.socket
      .on('drain', () => receiver.onDrain())
      .on('end', () => receiver.onHalfClosed())
      .on('error', () => receiver.onClose())
      .on('close', () => receiver.onClose());
  }

  /** Of what was written, bytes that the client has not taken. */
  get waitingBytes(): number {
    return this.socket.writableLength;
  }

  /** Writes bytes [0, size) now, or what the client does not take when it does. The buffer can be used again at once. */
  write(bytes: Uint8Array, size: number): void {
    const {fd, socket} = this;
    const canWriteNow = fd !== undefined && socket.writableLength === 0 && !socket.destroyed;
    const written = canWriteNow ? writeNow(fd, bytes, size) : 0;
    if (written < size) socket.write(Buffer.from(bytes.subarray(written, size)));
  }

  /** Stops reading, or goes on. */
  setPaused(isPaused: boolean): void {
    if (isPaused === this.isPaused) return;
    this.isPaused = isPaused;
    if (isPaused) this.socket.pause();
    else this.socket.resume();
  }

  /** Nothing more will be written; what waits still is. */
  end(): void {
    this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }
}

function handleOf(socket: Socket): Handle | undefined {
  const {_handle: handle} = socket as {readonly _handle?: Partial<Handle>};
  return handle?.fd !== undefined && handle.fd >= 0 ? (handle as Handle) : undefined;
}

function streaming(socket: Socket, receiver: SocketReceiver): Socket {
  socket.on('data', (bytes: Uint8Array) => receiver.onBytes(bytes, bytes.length));
  return socket.resume();
}

/** A socket with the handle of another one, which ends. */
function moveHandle(from: Socket, handle: Handle, receiver: SocketReceiver): Socket {
  Object.assign(from, {_handle: null});
  from.destroy();
  const callback = (size: number): boolean => {
    receiver.onBytes(READ_BUFFER, size);
    return true;
  };
  const options = {handle, allowHalfOpen: true, onread: {buffer: READ_BUFFER, callback}};
  return new Socket(options);
}

/** @returns bytes that the system has taken; what an error means, the next write of the stream will tell */
function writeNow(fd: number, bytes: Uint8Array, size: number): number {
  try {
    return writeSync(fd, bytes, 0, size);
  } catch {
    return 0;
  }
}
