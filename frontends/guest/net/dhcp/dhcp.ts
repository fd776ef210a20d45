import type {Ipv4} from '../address.ts';
import type {NetInterface} from '../interface.ts';
import type {NetStack} from '../stack.ts';
import type {UdpEndpoint} from '../udp.ts';
import {DhcpClient, type Lease} from './client.ts';
import {DHCP_CLIENT_PORT, DHCP_SERVER_PORT} from './message.ts';

/** The DHCP clients of all interfaces: they share a port. */
export class Dhcp {
  private readonly stack: NetStack;
  private readonly clients = new Map<NetInterface, DhcpClient>();
  private endpoint: UdpEndpoint | undefined;

  constructor(stack: NetStack) {
    this.stack = stack;
  }

  /** Gets an address for the interface, and keeps it. Begins anew when it is at that already. Throws NetError: EADDRINUSE. */
  start(on: NetInterface, hostname: string, onLease: (lease: Lease | undefined) => void): void {
    this.stop(on);
    this.endpoint ??= this.stack.udp.bind({
      port: DHCP_CLIENT_PORT,
      onDatagram: ({data}, from) => this.clients.get(from)?.receive(data),
    });
    const sendTo = (server: Ipv4, data: Uint8Array): void => void this.endpoint?.send(server, DHCP_SERVER_PORT, data);
    const client = new DhcpClient({stack: this.stack, on, hostname, sendTo, onLease});
    this.clients.set(on, client);
    client.start();
  }

  /** Gives up the interface's address; does nothing where there is no client. */
  stop(on: NetInterface): void {
    this.clients.get(on)?.stop();
    this.clients.delete(on);
    if (this.clients.size > 0) return;
    this.endpoint?.close();
    this.endpoint = undefined;
  }
}
