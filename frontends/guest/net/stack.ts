import type {TaskQueue} from '../../../hypervisor/schedule/index.ts';
import type {NetDevice} from '../../api.ts';
import {LIMITED_BROADCAST} from './address.ts';
import {ArpResolver} from './arp-resolver.ts';
import {LOOPBACK_NET, LOOPBACK_NET6} from './cidr.ts';
import {newCounters} from './counters.ts';
import {Dhcp} from './dhcp/dhcp.ts';
import {EchoSockets} from './echo.ts';
import {ETHERNET_HEADER_BYTES, ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6, writeEthernetHeader} from './ethernet.ts';
import {Forwarder} from './forwarder.ts';
import {Icmp, icmpErrors, mayAnswerWithError} from './icmp.ts';
import {NetInterface} from './interface.ts';
import {
  DEFAULT_TTL,
  type IpAddress,
  type IpFailure,
  type IpHeader,
  type IpPacket,
  type IpProtocol,
  isIpv4,
  payloadAtFor,
  PROTOCOL_ICMP,
  PROTOCOL_ICMPV6,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
} from './ip.ts';
import {IpInput} from './ip-input.ts';
import {writeIpv4Header} from './ipv4.ts';
import type {Ipv6} from './ipv6/address.ts';
import {writeIpv6Header} from './ipv6/header.ts';
import {Icmpv6, icmpv6Errors, mayAnswerWithError6} from './ipv6/icmpv6.ts';
import {NeighbourDiscovery} from './ipv6/neighbour-discovery.ts';
import {RouterAdvertisements} from './ipv6/router-advertisements.ts';
import {LoopbackDevice} from './loopback.ts';
import {RateLimit} from './rate-limit.ts';
import {Resolver} from './resolver.ts';
import {type Path, Routes} from './routes.ts';
import {Tcp} from './tcp/index.ts';
import type {OutgoingFrame} from './transmit-queue.ts';
import {Udp} from './udp.ts';

export type SendError = 'ENETUNREACH' | 'EMSGSIZE' | 'EACCES';

export interface SendOptions {
  destination: IpAddress;
  protocol: number;
  payload: Uint8Array;
  source?: IpAddress;
  ttl?: number;
  /** No neighbour answered for the next hop. */
  onUnreachable?: () => void;
}

/** ICMP errors that we send in a second. */
const MAX_ERRORS_PER_S = 1000;

/** Why a packet is sent back, for each family. */
const refusals = {
  port: {v4: icmpErrors.portUnreachable, v6: icmpv6Errors.portUnreachable},
  route: {v4: icmpErrors.netUnreachable, v6: icmpv6Errors.noRoute},
  host: {v4: icmpErrors.hostUnreachable, v6: icmpv6Errors.addressUnreachable},
  size: {v4: icmpErrors.fragmentationNeeded, v6: icmpv6Errors.packetTooBig},
  time: {v4: icmpErrors.timeExceeded, v6: icmpv6Errors.hopLimitExceeded},
} as const;

export type Refusal = keyof typeof refusals;

/** IP of both families over the guest's network devices. */
export class NetStack {
  readonly counters = newCounters();
  readonly routes = new Routes(() => this.byName.values());
  readonly echo: EchoSockets;
  readonly udp: Udp;
  readonly tcp: Tcp;
  readonly resolver = new Resolver(this);
  readonly dhcp = new Dhcp(this);
  readonly routers: RouterAdvertisements;
  readonly discovery: NeighbourDiscovery;
  readonly forwarder: Forwarder;
  readonly schedule: TaskQueue;
  /** Name servers that DHCP told of. */
  nameServers: readonly IpAddress[] = [];
  /** Told when somebody else has an address of ours. */
  onDuplicate: (on: NetInterface, address: Ipv6) => void = () => undefined;
  private readonly arp: ArpResolver;
  private readonly icmp: Icmp;
  private readonly icmpv6: Icmpv6;
  private readonly byName = new Map<string, NetInterface>();
  private readonly input: IpInput;
  private lastIndex = 0;
  private lastIdentification = 0;

  constructor(schedule: TaskQueue) {
    this.schedule = schedule;
    const {counters} = this;
    const send = (options: SendOptions): SendError | undefined => this.send(options);
    const onFailure = (failure: IpFailure): void => this.input.fail(failure);
    const errorLimit = new RateLimit(schedule, MAX_ERRORS_PER_S);
    this.arp = new ArpResolver(counters.arp);
    this.echo = new EchoSockets({counters, send, sourceFor: (to) => this.routes.lookup(to)?.source});
    this.icmp = new Icmp({counters: counters.icmp, echo: this.echo, errorLimit, send, onFailure});
    this.routers = new RouterAdvertisements(schedule, this.routes);
    this.discovery = new NeighbourDiscovery({
      schedule,
      send: ({interface: on, payload, ...header}) => this.sendOn(on, header, payload),
      routers: this.routers,
      onDuplicate: (on, address) => this.onDuplicate(on, address),
    });
    const {echo, discovery, routes} = this;
    this.icmpv6 = new Icmpv6({counters: counters.icmp6, echo, discovery, errorLimit, send, onFailure});
    this.udp = new Udp(this);
    this.tcp = new Tcp(this);
    this.forwarder = new Forwarder(this);
    const protocols = new Map<number, IpProtocol>([
      [PROTOCOL_ICMP, this.icmp],
      [PROTOCOL_ICMPV6, this.icmpv6],
      [PROTOCOL_UDP, this.udp],
      [PROTOCOL_TCP, this.tcp],
    ]);
    this.input = new IpInput({counters, routes, protocols, forwarder: this.forwarder});
    this.attach(new LoopbackDevice(schedule), true).setAddresses([LOOPBACK_NET, LOOPBACK_NET6]);
  }

  get interfaces(): NetInterface[] {
    return [...this.byName.values()];
  }

  interface(name: string): NetInterface | undefined {
    return this.byName.get(name);
  }

  /** Takes a device into use; it leaves by itself when it is removed. */
  attach(device: NetDevice, isLoopback = false): NetInterface {
    const attached = new NetInterface({
      index: ++this.lastIndex,
      device,
      schedule: this.schedule,
      counters: this.counters,
      isLoopback,
      receive: (from, frame, type) => this.receive(from, frame, type),
      endBatch: () => this.tcp.endBatch(),
      ask: (from, address) => (isIpv4(address) ? this.arp.ask(from, address) : this.discovery.ask(from, address)),
      onChange: () => this.routes.changed(),
    });
    this.byName.set(device.name, attached);
    device.removed.subscribe({complete: () => this.detach(attached)});
    return attached;
  }

  /** Sends one packet. Undefined when it is on its way, or waits for its neighbour's address. */
  send(options: SendOptions): SendError | undefined {
    const {destination, payload, source} = options;
    const path = this.routes.lookup(destination);
    const ip = this.ipCounters(destination);
    if (path === undefined) {
      ip.outRequests++;
      ip.outNoRoutes++;
      return 'ENETUNREACH';
    }
    const payloadAt = payloadAtFor(destination);
    const error = refusal(path, destination, payloadAt + payload.length);
    if (error !== undefined) {
      ip.outRequests++;
      ip.outDiscards++;
      return error;
    }
    const frame = new Uint8Array(payloadAt + payload.length);
    frame.set(payload, payloadAt);
    const {protocol, ttl = DEFAULT_TTL, onUnreachable} = options;
    this.sendFrame(path, {protocol, ttl, source: source ?? path.source, destination}, {frame, onUnreachable});
    return undefined;
  }

  /** Sends a frame whose payload stands at `payloadAtFor` its destination, of both ends' family. */
  sendFrame(path: Path, header: IpHeader, outgoing: OutgoingFrame): void {
    const {frame} = outgoing;
    this.ipCounters(header.destination).outRequests++;
    // The destination's address is filled in once it is known.
    const {mac} = path.interface.device;
    const {source, destination} = header;
    if (isIpv4(source) && isIpv4(destination)) {
      writeEthernetHeader(frame, mac, mac, ETHERTYPE_IPV4);
      this.lastIdentification = (this.lastIdentification + 1) & 0xffff;
      writeIpv4Header(frame, {...header, source, destination}, this.lastIdentification);
    } else {
      writeEthernetHeader(frame, mac, mac, ETHERTYPE_IPV6);
      writeIpv6Header(frame, header as IpHeader<Ipv6>);
    }
    path.interface.output(path.nextHop, outgoing);
  }

  /** Tells the sender of a packet why it is not delivered, if that may be told. */
  refuse(packet: IpPacket, why: Refusal, mtu = 0): void {
    const {v4, v6} = refusals[why];
    const {source, destination} = packet;
    if (isIpv4(source) && isIpv4(destination)) {
      if (mayAnswerWithError(packet)) this.icmp.sendError({...packet, source, destination}, v4, mtu);
    } else if (mayAnswerWithError6(packet)) this.icmpv6.sendError(packet, v6, mtu);
  }

  ipCounters(address: IpAddress): ReturnType<typeof newCounters>['ip'] {
    return isIpv4(address) ? this.counters.ip : this.counters.ip6;
  }

  /** Sends a packet on an interface whatever the routes say. */
  sendOn(on: NetInterface, header: IpHeader, payload: Uint8Array): void {
    const payloadAt = payloadAtFor(header.destination);
    const frame = new Uint8Array(payloadAt + payload.length);
    frame.set(payload, payloadAt);
    this.sendFrame({interface: on, nextHop: header.destination, source: header.source}, header, {frame});
  }

  private receive(from: NetInterface, frame: Uint8Array, type: number): boolean {
    if (type === ETHERTYPE_IPV4) this.input.receiveIpv4(from, frame);
    else if (type === ETHERTYPE_IPV6) this.input.receiveIpv6(from, frame);
    else if (type === ETHERTYPE_ARP && !from.isLoopback) this.arp.receive(from, frame);
    else return false;
    return true;
  }

  private detach(gone: NetInterface): void {
    gone.close();
    this.dhcp.stop(gone);
    this.discovery.forget(gone);
    if (this.byName.get(gone.name) === gone) this.byName.delete(gone.name);
    this.routes.removeInterface(gone);
  }
}

const refusal = (path: Path, destination: IpAddress, frameBytes: number): SendError | undefined => {
  const isBroadcast =
    isIpv4(destination) && (destination === LIMITED_BROADCAST || path.interface.isDirectedBroadcast(destination));
  if (isBroadcast) return 'EACCES';
  return frameBytes > path.interface.mtu + ETHERNET_HEADER_BYTES ? 'EMSGSIZE' : undefined;
};
