import {formatIp, type IpAddress} from './ip.ts';
import {NetError} from './net-error.ts';
import type {Datagram, Udp, UdpEndpoint} from './udp.ts';

/** Bytes of datagrams that wait to be received; those beyond are lost. Each counts for its header, too. */
const QUEUE_BYTES = 256 * 1024;
const OVERHEAD_BYTES = 64;

/** A UDP socket as programs have it. Calls fail with NetError: EADDRINUSE, ENETUNREACH, EMSGSIZE, ECONNREFUSED, ... */
export class UdpSocket {
  private readonly udp: Udp;
  private readonly endpoint: UdpEndpoint;
  private readonly queue: Datagram[] = [];
  private queuedBytes = 0;
  /** A datagram of ours was refused: the next call says so. */
  private error: NetError | undefined;
  private isClosed = false;
  private wake: (() => void) | undefined;

  /** `port` 0: any that is free. */
  constructor(udp: Udp, port: number) {
    this.udp = udp;
    this.endpoint = udp.bind({
      port,
      onDatagram: (datagram) => this.enqueue(datagram),
      onFailure: ({kind}) => this.fail(kind === 'unreachable' ? 'ECONNREFUSED' : 'EHOSTUNREACH'),
    });
  }

  get port(): number {
    return this.endpoint.port;
  }

  /** The next datagram; undefined: the socket was closed. One receiver at a time. */
  async receive(): Promise<{address: string; port: number; data: Uint8Array} | undefined> {
    for (;;) {
      this.throwError();
      const first = this.queue.shift();
      if (first !== undefined) {
        this.queuedBytes -= first.data.length + OVERHEAD_BYTES;
        return {...first, address: formatIp(first.address)};
      }
      if (this.isClosed) return undefined;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  send(to: IpAddress, port: number, data: Uint8Array): void {
    this.throwError();
    const error = this.endpoint.send(to, port, data);
    if (error !== undefined) throw new NetError(error);
  }

  close(): void {
    this.isClosed = true;
    this.endpoint.close();
    this.wakeUp();
  }

  private enqueue(datagram: Datagram): void {
    const bytes = datagram.data.length + OVERHEAD_BYTES;
    if (this.queuedBytes + bytes > QUEUE_BYTES) {
      this.udp.counters.rcvbufErrors++;
      return;
    }
    this.queuedBytes += bytes;
    this.queue.push(datagram);
    this.wakeUp();
  }

  private fail(errno: string): void {
    this.error = new NetError(errno);
    this.wakeUp();
  }

  private throwError(): void {
    const {error} = this;
    this.error = undefined;
    if (error !== undefined) throw error;
  }

  private wakeUp(): void {
    this.wake?.();
    this.wake = undefined;
  }
}
