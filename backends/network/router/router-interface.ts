import type {TaskQueue} from '../../../hypervisor/schedule/index.ts';
import {ETH_HLEN} from '../frame-batch.ts';
import {getBe16, getBe32, putBe16, putBe32} from '../inet.ts';
import type {BridgeInterface} from '../interface.ts';
import {ETH_ALEN} from '../mac.ts';
import {arpReply} from '../responder.ts';
import type {Masquerade} from './masquerade.ts';
import {Neighbours} from './neighbours.ts';
import {type Datagram, isIpv4, typeOf} from './packet.ts';
import {broadcastOf, bytesOf, contains, LIMITED_BROADCAST, type Subnet} from './subnet.ts';

const TYPE_ARP = 0x0806;
const ARP_LEN = 28;
const arpAt = {operation: 20, senderMac: 22, senderIp: 28, targetIp: 38};
const ARP_REQUEST = 1;
/** Ethernet, IPv4, their addresses' lengths. @see RFC 826 */
const ARP_HEADER = [0, 1, 0x08, 0x00, ETH_ALEN, 4];
const BROADCAST_MAC = new Uint8Array(ETH_ALEN).fill(0xff);

export interface RouterInterfaceOptions {
  schedule: TaskQueue;
  nic: BridgeInterface;
  /** Its own address, 0 while it has none, and its network. */
  subnet: Subnet;
  /** In place of a network: who is a neighbour. To each it answers ARP for all others. @see Linux, proxy_arp */
  isNeighbour?: (address: number) => boolean;
  /** What leaves by it takes its address. */
  masquerade?: Masquerade;
  /** Gets IPv4 frames that were sent to it. */
  onPacket: (frame: Uint8Array, from: RouterInterface) => void;
}

/** A router's leg in one network. */
export class RouterInterface {
  readonly nic: BridgeInterface;
  readonly masquerade: Masquerade | undefined;
  subnet: Subnet;
  /** By UDP port: who takes datagrams that come here for the router. */
  readonly services = new Map<number, (datagram: Datagram) => void>();
  private readonly options: RouterInterfaceOptions;
  private readonly neighbours: Neighbours;

  constructor(options: RouterInterfaceOptions) {
    this.options = options;
    this.nic = options.nic;
    this.subnet = options.subnet;
    this.masquerade = options.masquerade;
    this.neighbours = new Neighbours({
      schedule: options.schedule,
      ask: (address) => this.ask(address),
      send: (frame, mac) => this.sendTo(frame, mac),
    });
    this.nic.frames.subscribe((frames) => frames.forEach((frame) => this.take(frame)));
  }

  get address(): number {
    return this.subnet.address;
  }

  /** Sends an IPv4 frame to a neighbour, or to all for a broadcast address. */
  send(frame: Uint8Array, neighbour: number): void {
    const isForAll = neighbour === LIMITED_BROADCAST || neighbour === broadcastOf(this.subnet);
    if (isForAll) this.sendTo(frame, BROADCAST_MAC);
    else this.neighbours.resolve(neighbour, frame);
  }

  sendTo(frame: Uint8Array, mac: Uint8Array): void {
    frame.set(mac, 0);
    frame.set(this.nic.mac, ETH_ALEN);
    this.nic.send([frame]);
  }

  /** A neighbour that goes: another one may come with its address. */
  forget(address: number): void {
    this.neighbours.forget(address);
  }

  private take(frame: Uint8Array): void {
    if (isIpv4(frame)) this.options.onPacket(frame, this);
    else if (typeOf(frame) === TYPE_ARP && frame.length >= ETH_HLEN + ARP_LEN) this.takeArp(frame);
  }

  private takeArp(frame: Uint8Array): void {
    const target = getBe32(frame, arpAt.targetIp);
    const sender = getBe32(frame, arpAt.senderIp);
    const isProxied = this.options.isNeighbour !== undefined && sender !== 0 && sender !== target;
    if (target === 0 || (target !== this.address && !isProxied)) return;
    if (sender !== 0 && sender !== this.address && this.isNeighbour(sender)) {
      this.neighbours.learn(sender, frame.slice(arpAt.senderMac, arpAt.senderMac + ETH_ALEN));
    }
    const isRequest = getBe16(frame, arpAt.operation) === ARP_REQUEST;
    const reply = isRequest ? arpReply(frame, this.nic.mac, bytesOf(target)) : undefined;
    if (reply !== undefined) this.nic.send([reply]);
  }

  private isNeighbour(address: number): boolean {
    return this.options.isNeighbour?.(address) ?? contains(this.subnet, address);
  }

  private ask(address: number): void {
    const frame = new Uint8Array(ETH_HLEN + ARP_LEN);
    frame.set(BROADCAST_MAC, 0);
    frame.set(this.nic.mac, ETH_ALEN);
    putBe16(frame, 2 * ETH_ALEN, TYPE_ARP);
    frame.set(ARP_HEADER, ETH_HLEN);
    putBe16(frame, arpAt.operation, ARP_REQUEST);
    frame.set(this.nic.mac, arpAt.senderMac);
    putBe32(frame, arpAt.senderIp, this.address);
    putBe32(frame, arpAt.targetIp, address);
    this.nic.send([frame]);
  }
}
