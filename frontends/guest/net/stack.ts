import type {TaskQueue} from '../../../hypervisor/schedule/index.ts';
import type {NetDevice} from '../../api.ts';
import {type Ipv4, isInNetwork, isMulticastOrAbove, LIMITED_BROADCAST, LOOPBACK_NET} from './address.ts';
import {newCounters} from './counters.ts';
import {ETHERTYPE_IPV4, writeEthernetHeader} from './ethernet.ts';
import {Icmp, PROTOCOL_ICMP, type SendError, type SendOptions} from './icmp.ts';
import {NetInterface} from './interface.ts';
import {DEFAULT_TTL, decodeIpv4, IPV4_HEADER_BYTES, IPV4_PAYLOAD_AT, type Ipv4Packet, writeIpv4Header} from './ipv4.ts';
import {LoopbackDevice} from './loopback.ts';
import {type Path, Routes} from './routes.ts';

/** Takes the packets of one IP protocol. `answerable`: it was not a broadcast. */
export type ProtocolHandler = (packet: Ipv4Packet, answerable: boolean) => void;

/** IPv4 over the guest's network devices: addresses, routes, ARP, ICMP. UDP and TCP may register beside ICMP. */
export class NetStack {
  readonly counters = newCounters();
  readonly routes: Routes;
  readonly icmp: Icmp;
  private readonly schedule: TaskQueue;
  private readonly byName = new Map<string, NetInterface>();
  private readonly protocols = new Map<number, ProtocolHandler>();
  private lastIndex = 0;
  private lastIdentification = 0;

  constructor(schedule: TaskQueue) {
    this.schedule = schedule;
    this.routes = new Routes(() => this.byName.values());
    this.icmp = new Icmp({
      counters: this.counters,
      send: (options) => this.send(options),
      sourceFor: (destination) => this.routes.lookup(destination)?.source ?? 0,
    });
    this.register(PROTOCOL_ICMP, (packet, answerable) => this.icmp.receive(packet, answerable));
    this.attach(new LoopbackDevice(schedule), true).addresses.push(LOOPBACK_NET);
  }

  get interfaces(): NetInterface[] {
    return [...this.byName.values()];
  }

  interface(name: string): NetInterface | undefined {
    return this.byName.get(name);
  }

  register(protocol: number, handler: ProtocolHandler): void {
    this.protocols.set(protocol, handler);
  }

  /** Takes a device into use; it leaves by itself when it is removed. */
  attach(device: NetDevice, isLoopback = false): NetInterface {
    const {schedule, counters} = this;
    const index = ++this.lastIndex;
    const onIpv4 = (from: NetInterface, frame: Uint8Array): void => this.receive(from, frame);
    const attached = new NetInterface({index, device, schedule, counters, isLoopback, onIpv4});
    this.byName.set(device.name, attached);
    device.removed.subscribe({complete: () => this.detach(attached)});
    return attached;
  }

  /** Sends one packet. Undefined when it is on its way, or waits for its neighbour's address. */
  send(options: SendOptions): SendError | undefined {
    const {destination, protocol, payload, ttl = DEFAULT_TTL, onUnreachable} = options;
    this.counters.ip.outRequests++;
    const path = this.routes.lookup(destination);
    if (path === undefined) {
      this.counters.ip.outNoRoutes++;
      return 'ENETUNREACH';
    }
    const error = refusal(path, destination, payload.length);
    if (error !== undefined) {
      this.counters.ip.outDiscards++;
      return error;
    }
    const frame = new Uint8Array(IPV4_PAYLOAD_AT + payload.length);
    frame.set(payload, IPV4_PAYLOAD_AT);
    // The destination's address is filled in once it is known.
    writeEthernetHeader(frame, path.interface.device.mac, path.interface.device.mac, ETHERTYPE_IPV4);
    this.lastIdentification = (this.lastIdentification + 1) & 0xffff;
    const source = options.source ?? path.source;
    writeIpv4Header(frame, {protocol, ttl, source, destination}, this.lastIdentification);
    path.interface.output(path.nextHop, frame, onUnreachable);
    return undefined;
  }

  private receive(from: NetInterface, frame: Uint8Array): void {
    const {ip} = this.counters;
    ip.inReceives++;
    const packet = decodeIpv4(frame);
    if (typeof packet === 'string') {
      ip[packet]++;
      return;
    }
    const toUs = from.isLoopback || this.interfaces.some((each) => each.owns(packet.destination));
    const toAll = packet.destination === LIMITED_BROADCAST || from.isDirectedBroadcast(packet.destination);
    // We are a host, no router.
    if ((!toUs && !toAll) || this.isMartian(from, packet.source)) {
      ip.inAddrErrors++;
      return;
    }
    const handler = this.protocols.get(packet.protocol);
    if (handler === undefined) ip.inUnknownProtos++;
    else {
      ip.inDelivers++;
      handler(packet, toUs);
    }
  }

  /** A source address that no packet from there can have. @see RFC 1812, 5.3.7 */
  private isMartian(from: NetInterface, source: Ipv4): boolean {
    if (from.isLoopback) return false;
    const isOurs = isInNetwork(source, LOOPBACK_NET) || this.interfaces.some((each) => each.owns(source));
    return isOurs || isMulticastOrAbove(source) || from.isDirectedBroadcast(source);
  }

  private detach(gone: NetInterface): void {
    gone.close();
    this.routes.removeInterface(gone);
    if (this.byName.get(gone.name) === gone) this.byName.delete(gone.name);
  }
}

const refusal = (path: Path, destination: Ipv4, payloadBytes: number): SendError | undefined => {
  const isBroadcast = destination === LIMITED_BROADCAST || path.interface.isDirectedBroadcast(destination);
  if (isBroadcast) return 'EACCES';
  return payloadBytes + IPV4_HEADER_BYTES > path.interface.mtu ? 'EMSGSIZE' : undefined;
};
