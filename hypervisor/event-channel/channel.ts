import type {Domain} from '../domain.ts';

interface Bound {
  /** vCPU that gets the upcall. */
  vcpu: number;
}

/** The state of one port. A free port is an absent entry of the table. */
export type Channel =
  | (Bound & {kind: 'reserved'})
  | (Bound & {kind: 'unbound'; remoteDomid: number})
  | (Bound & {kind: 'interdomain'; remote: Domain; remotePort: number})
  | (Bound & {kind: 'virq'; virq: number})
  | (Bound & {kind: 'ipi'});

/** Ports of one domain. Port 0 is never valid. */
export class PortTable {
  readonly ports: (Channel | undefined)[] = [undefined];
  private readonly freed: number[] = [];
  /** Times each port was set pending, what /proc/interrupts counts. */
  readonly received: number[] = [0];
  /** Times EVTCHNOP_send was called on it. */
  readonly sent: number[] = [0];

  get(port: number): Channel | undefined {
    return this.ports[port];
  }

  /** The port number, or -1 when all below `limit` are in use. The lowest free one, as Xen gives. */
  add(channel: Channel, limit: number): number {
    let port = this.ports.length;
    if (this.freed.length > 0) {
      this.freed.sort((a, b) => b - a);
      port = this.freed.pop() ?? port;
    }
    if (port >= limit) return -1;
    this.ports[port] = channel;
    this.received[port] = 0;
    this.sent[port] = 0;
    return port;
  }

  set(port: number, channel: Channel): void {
    this.ports[port] = channel;
  }

  remove(port: number): void {
    if (this.ports[port] === undefined) return;
    this.ports[port] = undefined;
    this.freed.push(port);
  }

  /** Open ports, ascending. */
  *open(): IterableIterator<[number, Channel]> {
    for (let port = 1; port < this.ports.length; port++) {
      const channel = this.ports[port];
      if (channel !== undefined) yield [port, channel];
    }
  }
}
