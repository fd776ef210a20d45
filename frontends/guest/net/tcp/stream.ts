import {formatIp} from '../ip.ts';
import {NetError} from '../net-error.ts';
import {type ConnectionUser, type Endpoints, TcpConnection} from './connection.ts';
import type {TcpState} from './state.ts';
import type {Tcp} from './tcp.ts';

interface PendingWrite {
  data: Uint8Array;
  done: number;
  resolve: () => void;
  reject: (error: NetError) => void;
}

/** A TCP connection as programs have it. Calls reject with NetError: ECONNREFUSED, ECONNRESET, ETIMEDOUT, EPIPE, ... */
export class TcpStream implements ConnectionUser {
  /** For Tcp. */
  readonly connection: TcpConnection;
  private readonly onOpen: (stream: TcpStream, error: NetError | undefined) => void;
  private isOpen = false;
  private isEnding = false;
  private error: NetError | undefined;
  private wakeReader: (() => void) | undefined;
  private readonly writes: PendingWrite[] = [];

  /** `onOpen`: told once, when the connection is established or failed to be. */
  constructor(
    tcp: Tcp,
    endpoints: Endpoints,
    mss: number,
    onOpen: (stream: TcpStream, error: NetError | undefined) => void,
  ) {
    this.onOpen = onOpen;
    this.connection = new TcpConnection(tcp, endpoints, mss, this);
  }

  get state(): TcpState {
    return this.connection.state;
  }

  get localPort(): number {
    return this.connection.endpoints.localPort;
  }

  /** "10.0.0.1" or "fd00::1" */
  get localAddress(): string {
    return formatIp(this.connection.endpoints.localAddress);
  }

  get remotePort(): number {
    return this.connection.endpoints.remotePort;
  }

  get remoteAddress(): string {
    return formatIp(this.connection.endpoints.remoteAddress);
  }

  /** Small writes are sent at once, instead of with what follows while others are under way. */
  setNoDelay(noDelay: boolean): void {
    this.connection.sender.noDelay = noDelay;
  }

  /** The bytes that come next, at most `max`: the reader's to keep; undefined: the peer has ended. One reader at a time. */
  async read(max = Infinity): Promise<Uint8Array | undefined> {
    const {connection} = this;
    for (;;) {
      const bytes = connection.receiver.queue.take(max);
      if (bytes !== undefined) {
        connection.onRead();
        return bytes;
      }
      if (connection.receiver.isFinished) return undefined;
      if (this.error !== undefined) throw this.error;
      if (connection.state === 'CLOSED') return undefined;
      await new Promise<void>((resolve) => {
        this.wakeReader = resolve;
      });
    }
  }

  /** Resolves when the bytes are in the send buffer; they must not change before that. */
  write(data: Uint8Array): Promise<void> {
    if (this.error !== undefined) return Promise.reject(this.error);
    if (this.isEnding || this.connection.state === 'CLOSED') return Promise.reject(new NetError('EPIPE'));
    return new Promise((resolve, reject) => {
      this.writes.push({data, done: 0, resolve, reject});
      if (this.writes.length === 1) this.onRoom();
      this.connection.flush();
    });
  }

  /** Ends our half, after what was written. The peer's may be read on. */
  end(): void {
    this.isEnding = true;
    if (this.writes.length === 0 && this.isOpen) this.connection.finish();
  }

  /** Ends both halves; what was written is still sent. Data that were not read, or come later, are answered with a reset. */
  close(): void {
    if (this.connection.receiver.queue.length > 0 || this.connection.state === 'SYN-SENT') this.abort();
    else {
      this.connection.discard();
      this.end();
    }
  }

  /** Ends at once, with a reset: what was written may be lost. */
  abort(): void {
    this.connection.abort();
  }

  /** For the connection. */
  onEstablished(): void {
    this.isOpen = true;
    this.onOpen(this, undefined);
    // It may have been told to end before.
    this.onRoom();
  }

  /** For the connection. */
  onReadable(): void {
    this.wakeReader?.();
    this.wakeReader = undefined;
  }

  /** For the connection. */
  onRoom(): void {
    const {buffer} = this.connection.sender;
    for (let first = this.writes.at(0); first !== undefined; first = this.writes.at(0)) {
      first.done += buffer.push(first.data, first.done);
      if (first.done < first.data.length) return;
      this.writes.shift();
      first.resolve();
    }
    if (this.isEnding && this.isOpen) this.connection.finish();
  }

  /** For the connection. */
  onClosed(errno: string | undefined): void {
    if (errno !== undefined) this.error = new NetError(errno);
    for (const write of this.writes.splice(0)) write.reject(this.error ?? new NetError('EPIPE'));
    this.onReadable();
    if (!this.isOpen) this.onOpen(this, this.error ?? new NetError('ECONNABORTED'));
  }
}
