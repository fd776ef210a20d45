import {NS_PER_S, type TaskQueue, type Timer} from '../../../hypervisor/schedule/index.ts';
import {type Datagram, makeDatagram} from '../router/packet.ts';
import type {RouterInterface} from '../router/router-interface.ts';
import {LIMITED_BROADCAST, type Subnet} from '../router/subnet.ts';
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

const FIRST_RETRY_NS = NS_PER_S / 5;
/** The other end of an uplink may come late. */
const MAX_RETRY_NS = 4 * NS_PER_S;
const DEFAULT_LEASE_S = 3600;
/** Also of one that says it lasts for ever. */
const MAX_LEASE_S = 86_400;

/** What a server has given. */
export interface DhcpLease {
  readonly subnet: Subnet;
  readonly gateway: number | undefined;
  readonly nameServer: number | undefined;
}

export interface DhcpClientOptions {
  schedule: TaskQueue;
  leg: RouterInterface;
  /** Called with each lease, and with undefined when it has run out. */
  onLease: (lease: DhcpLease | undefined) => void;
}

/** Asks for an address for a router's leg, and keeps it. @see RFC 2131, "Client-server interaction" */
export class DhcpClient {
  private readonly options: DhcpClientOptions;
  private timer: Timer | undefined;
  private xid = 0;
  private retryNs = FIRST_RETRY_NS;
  private bound: {address: number; endNs: number} | undefined;

  constructor(options: DhcpClientOptions) {
    this.options = options;
    options.leg.services.set(CLIENT_PORT, (datagram) => this.receive(datagram));
  }

  start(): void {
    this.xid = this.options.schedule.random();
    this.ask();
  }

  stop(): void {
    this.timer?.cancel();
    this.options.leg.services.delete(CLIENT_PORT);
  }

  /** Once, and again until there is an answer: for its address while the lease lasts, else for any. */
  private ask(): void {
    const {schedule} = this.options;
    if (this.bound !== undefined && schedule.now() >= this.bound.endNs) {
      this.bound = undefined;
      this.options.onLease(undefined);
    }
    this.send(this.bound === undefined ? DhcpType.discover : DhcpType.request, []);
    this.timer?.cancel();
    this.timer = schedule.after(this.retryNs, () => this.ask());
    this.retryNs = Math.min(2 * this.retryNs, MAX_RETRY_NS);
  }

  private receive({data}: Datagram): void {
    const message = decodeDhcp(data);
    if (message?.op !== BOOTREPLY || message.xid !== this.xid) return;
    const type = dhcpType(message);
    const server = addressOption(message, DhcpOption.serverId);
    if (type === DhcpType.offer && this.bound === undefined && server !== undefined) {
      this.send(DhcpType.request, [
        [DhcpOption.requestedAddress, u32Option(message.yiaddr)],
        [DhcpOption.serverId, u32Option(server)],
      ]);
    } else if (type === DhcpType.ack) this.bind(message);
    else if (type === DhcpType.nak) this.lose();
  }

  private bind(message: DhcpMessage): void {
    const {schedule, onLease} = this.options;
    const leaseS = addressOption(message, DhcpOption.leaseTime) ?? DEFAULT_LEASE_S;
    const leaseNs = Math.min(leaseS, MAX_LEASE_S) * NS_PER_S;
    const mask = addressOption(message, DhcpOption.subnetMask) ?? 0xffffff00;
    this.bound = {address: message.yiaddr, endNs: schedule.now() + leaseNs};
    this.retryNs = FIRST_RETRY_NS;
    this.timer?.cancel();
    this.timer = schedule.after(leaseNs / 2, () => this.ask());
    onLease({
      subnet: {address: message.yiaddr, prefix: Math.clz32(~mask)},
      gateway: addressOption(message, DhcpOption.routers),
      nameServer: addressOption(message, DhcpOption.dnsServers),
    });
  }

  private lose(): void {
    if (this.bound !== undefined) this.options.onLease(undefined);
    this.bound = undefined;
    this.retryNs = FIRST_RETRY_NS;
    this.ask();
  }

  private send(type: number, more: readonly [number, Uint8Array][]): void {
    const {leg} = this.options;
    const data = encodeDhcp({
      op: BOOTREQUEST,
      xid: this.xid,
      flags: 0,
      ciaddr: this.bound?.address ?? 0,
      yiaddr: 0,
      giaddr: 0,
      chaddr: leg.nic.mac,
      options: new Map([
        [DhcpOption.type, Uint8Array.of(type)],
        [DhcpOption.parameterList, Uint8Array.of(DhcpOption.subnetMask, DhcpOption.routers, DhcpOption.dnsServers)],
        ...more,
      ]),
    });
    const target = LIMITED_BROADCAST;
    const source = this.bound?.address ?? 0;
    leg.send(makeDatagram({source, sourcePort: CLIENT_PORT, target, targetPort: SERVER_PORT, data}), target);
  }
}
