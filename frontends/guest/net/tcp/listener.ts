import type {IpAddress} from '../ip.ts';
import {NetError} from '../net-error.ts';
import type {TcpStream} from './stream.ts';

/** A port that connections are accepted at. */
export class TcpListener {
  readonly port: number;
  /** Connections to other addresses of ours are refused; undefined: to none. */
  readonly address: IpAddress | undefined;
  private readonly backlog: number;
  private readonly onClose: () => void;
  private readonly waiting: TcpStream[] = [];
  private readonly acceptors: {resolve: (stream: TcpStream) => void; reject: (error: NetError) => void}[] = [];
  /** Connections of which the handshake is not done. */
  private opening = 0;
  private isClosed = false;

  constructor(options: {port: number; address?: IpAddress; backlog: number; onClose: () => void}) {
    this.port = options.port;
    this.address = options.address;
    this.backlog = options.backlog;
    this.onClose = options.onClose;
  }

  /** The next connection. Rejects with NetError when the listener is closed. */
  accept(): Promise<TcpStream> {
    const stream = this.waiting.shift();
    if (stream !== undefined) return Promise.resolve(stream);
    if (this.isClosed) return Promise.reject(new NetError('EINVAL'));
    return new Promise((resolve, reject) => {
      this.acceptors.push({resolve, reject});
    });
  }

  /** Refuses connections from now on, also those that nobody has accepted yet. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.onClose();
    for (const stream of this.waiting.splice(0)) stream.abort();
    for (const {reject} of this.acceptors.splice(0)) reject(new NetError('EINVAL'));
  }

  /** For Tcp: whether one more connection may begin. */
  get hasRoom(): boolean {
    return this.opening + this.waiting.length < this.backlog;
  }

  /** For Tcp: a handshake begins. */
  begin(): void {
    this.opening++;
  }

  /** For Tcp: the handshake is done, or failed. */
  opened(stream: TcpStream, error: NetError | undefined): void {
    this.opening--;
    if (error !== undefined) return;
    const acceptor = this.acceptors.shift();
    if (acceptor !== undefined) acceptor.resolve(stream);
    else if (this.isClosed) stream.abort();
    else this.waiting.push(stream);
  }
}
