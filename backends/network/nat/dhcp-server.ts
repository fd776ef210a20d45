import {NS_PER_S, type TaskQueue} from '../../../hypervisor/schedule/index.ts';
import {formatMac} from '../mac.ts';
import {type Datagram, makeDatagram} from '../router/packet.ts';
import type {RouterInterface} from '../router/router-interface.ts';
import {broadcastOf, LIMITED_BROADCAST, maskOf} from '../router/subnet.ts';
import {
  addressOption,
  BOOTREPLY,
  BOOTREQUEST,
  CLIENT_PORT,
  decodeDhcp,
  type DhcpMessage,
  DhcpOption,
  dhcpType,
  DhcpType,
  encodeDhcp,
  SERVER_PORT,
  u32Option,
} from './dhcp-message.ts';
import {Leases} from './leases.ts';

const LEASE_S = 3600;
const BROADCAST_FLAG = 0x8000;
const BROADCAST_MAC = new Uint8Array(6).fill(0xff);

export interface DhcpServerOptions {
  schedule: TaskQueue;
  /** The router's leg in the network that it serves: gateway and name server of its clients. */
  leg: RouterInterface;
  domain: string;
  /** What the client with that MAC address is called, if it is known. */
  nameOf: (mac: string) => string | undefined;
}

/** Gives the clients of one network their addresses. @see RFC 2131 */
export class DhcpServer {
  readonly leases: Leases;
  private readonly options: DhcpServerOptions;

  constructor(options: DhcpServerOptions) {
    this.options = options;
    this.leases = new Leases(options.schedule, options.leg.subnet);
  }

  start(): void {
    this.options.leg.services.set(SERVER_PORT, (datagram) => this.receive(datagram));
  }

  private receive({data}: Datagram): void {
    const message = decodeDhcp(data);
    // Relays are not served.
    if (message?.op !== BOOTREQUEST || message.giaddr !== 0) return;
    const serverId = addressOption(message, DhcpOption.serverId);
    const isForUs = serverId === undefined || serverId === this.options.leg.address;
    const mac = formatMac(message.chaddr);
    if (isForUs) this.reactions[dhcpType(message)]?.(message, mac);
    // It has chosen another server's offer.
    else if (dhcpType(message) === DhcpType.request) this.leases.release(mac);
  }

  private readonly reactions: Readonly<Record<number, (message: DhcpMessage, mac: string) => void>> = {
    [DhcpType.discover]: (message, mac) => {
      const address = this.leases.offer(mac, addressOption(message, DhcpOption.requestedAddress));
      if (address !== undefined) this.reply(message, DhcpType.offer, address);
    },
    [DhcpType.request]: (message, mac) => {
      const address = addressOption(message, DhcpOption.requestedAddress) ?? message.ciaddr;
      if (this.leases.take(mac, address, LEASE_S * NS_PER_S)) this.reply(message, DhcpType.ack, address);
      else this.reply(message, DhcpType.nak, 0);
    },
    [DhcpType.decline]: (message, mac) => {
      const address = addressOption(message, DhcpOption.requestedAddress);
      if (address !== undefined) this.leases.decline(mac, address);
    },
    [DhcpType.release]: (_message, mac) => this.leases.release(mac),
    [DhcpType.inform]: (message) => this.reply(message, DhcpType.ack, 0),
  };

  private reply(request: DhcpMessage, type: number, yiaddr: number): void {
    const {leg} = this.options;
    const options = new Map<number, Uint8Array>([
      [DhcpOption.type, Uint8Array.of(type)],
      [DhcpOption.serverId, u32Option(leg.address)],
      ...(type === DhcpType.nak ? [] : this.parameters(request, yiaddr)),
    ]);
    const {xid, flags, ciaddr, giaddr, chaddr} = request;
    const isAck = type === DhcpType.ack;
    const data = encodeDhcp({op: BOOTREPLY, xid, flags, ciaddr: isAck ? ciaddr : 0, yiaddr, giaddr, chaddr, options});
    const isForAll = type === DhcpType.nak || (ciaddr === 0 && (flags & BROADCAST_FLAG) !== 0);
    const target = isForAll ? LIMITED_BROADCAST : ciaddr || yiaddr;
    const datagram = {source: leg.address, sourcePort: SERVER_PORT, target, targetPort: CLIENT_PORT, data};
    // The client has no address yet that it could be asked for.
    leg.sendTo(makeDatagram(datagram), isForAll ? BROADCAST_MAC : chaddr);
  }

  private parameters(request: DhcpMessage, yiaddr: number): [number, Uint8Array][] {
    const {leg, domain, nameOf} = this.options;
    const name = nameOf(formatMac(request.chaddr));
    const text = (value: string): Uint8Array => new TextEncoder().encode(value);
    const times: [number, Uint8Array][] = [
      [DhcpOption.leaseTime, u32Option(LEASE_S)],
      [DhcpOption.renewalTime, u32Option(LEASE_S / 2)],
      [DhcpOption.rebindingTime, u32Option((LEASE_S * 7) / 8)],
    ];
    return [
      ...(yiaddr === 0 ? [] : times),
      [DhcpOption.subnetMask, u32Option(maskOf(leg.subnet.prefix))],
      [DhcpOption.broadcast, u32Option(broadcastOf(leg.subnet))],
      [DhcpOption.routers, u32Option(leg.address)],
      [DhcpOption.dnsServers, u32Option(leg.address)],
      [DhcpOption.domainName, text(domain)],
      ...(name === undefined ? [] : [[DhcpOption.hostName, text(name)] as [number, Uint8Array]]),
    ];
  }
}
