import type {TaskQueue} from '../../../hypervisor/schedule/index.ts';
import {getBe32} from '../inet.ts';
import {replyTo} from '../responder.ts';
import {type IcmpError, icmpError, netUnreachable, portUnreachable, timeExceeded} from './icmp-error.ts';
import {type Datagram, headerEnd, ICMP, ipAt, makeDatagram, readDatagram, sealHeader, UDP} from './packet.ts';
import {RouterInterface, type RouterInterfaceOptions} from './router-interface.ts';
import {broadcastOf, contains, isGroupAddress, LIMITED_BROADCAST, maskOf, type Subnet} from './subnet.ts';

interface Route extends Subnet {
  readonly via: RouterInterface;
  /** The next router; none: the target is a neighbour. */
  readonly gateway?: number;
}

/** IPv4 between the networks of one domain. Frames are complete; what has no place to go is answered by an ICMP error. */
export class Router {
  forwarded = 0;
  dropped = 0;
  private readonly schedule: TaskQueue;
  private readonly interfaces: RouterInterface[] = [];
  /** Longer prefixes first. */
  private routes: Route[] = [];

  constructor(schedule: TaskQueue) {
    this.schedule = schedule;
  }

  /** Adds a leg in a network, which is routed to from now on. */
  add(options: Omit<RouterInterfaceOptions, 'schedule' | 'onPacket'>): RouterInterface {
    const onPacket = (frame: Uint8Array, from: RouterInterface): void => this.take(frame, from);
    const added = new RouterInterface({...options, schedule: this.schedule, onPacket});
    this.interfaces.push(added);
    if (added.address !== 0) this.addRoute({...added.subnet, via: added});
    return added;
  }

  /** Gives an interface another address. */
  readdress(leg: RouterInterface, subnet: Subnet): void {
    this.routes = this.routes.filter(({via}) => via !== leg);
    leg.subnet = subnet;
    if (subnet.address !== 0) this.addRoute({...subnet, via: leg});
  }

  addRoute(route: Route): void {
    this.routes = [...this.routes, route].sort((a, b) => b.prefix - a.prefix);
  }

  /** Takes away the route to exactly this network. */
  removeRoute({address, prefix}: Subnet): void {
    const mask = maskOf(prefix);
    this.routes = this.routes.filter((route) => route.prefix !== prefix || ((route.address ^ address) & mask) !== 0);
    for (const leg of this.interfaces) leg.forget(address);
  }

  routeTo(target: number): Route | undefined {
    return this.routes.find((route) => contains(route, target));
  }

  /** Sends a datagram by its route, or by `leg`. */
  send(datagram: Datagram, leg?: RouterInterface): void {
    const route = leg === undefined ? this.routeTo(datagram.target) : undefined;
    const via = leg ?? route?.via;
    if (via === undefined) this.dropped++;
    else via.send(makeDatagram(datagram), route?.gateway ?? datagram.target);
  }

  private take(frame: Uint8Array, from: RouterInterface): void {
    const at = headerEnd(frame);
    const target = at === undefined ? 0 : getBe32(frame, ipAt.target);
    if (at === undefined) this.dropped++;
    else if (this.isMine(target, from)) this.takeIn(frame, at, from);
    else if (isGroupAddress(target)) this.dropped++;
    else this.forward(frame, at, from);
  }

  private isMine(target: number, from: RouterInterface): boolean {
    if (target === LIMITED_BROADCAST || (from.address !== 0 && target === broadcastOf(from.subnet))) return true;
    // Before it has an address itself, what is sent to it by its MAC address may be the answer to that.
    return this.interfaces.some(({address}) => address === target) || from.address === 0;
  }

  /** For the router itself, or for somebody who uses its address. */
  private takeIn(frame: Uint8Array, at: number, from: RouterInterface): void {
    if (from.masquerade?.enter(frame, at) === true) return this.forward(frame, at, from);
    const echo = replyTo(frame, from.nic.mac, frame.slice(ipAt.target, ipAt.target + 4));
    if (echo !== undefined) from.nic.send([echo]);
    else if (frame[ipAt.protocol] === UDP) this.takeDatagram(frame, at, from);
    else if (frame[ipAt.protocol] !== ICMP) this.dropped++;
  }

  private takeDatagram(frame: Uint8Array, at: number, from: RouterInterface): void {
    const datagram = readDatagram(frame, at);
    if (datagram === undefined) {
      this.dropped++;
      return;
    }
    const service = from.services.get(datagram.targetPort);
    if (service !== undefined) service(datagram);
    else if (datagram.target !== LIMITED_BROADCAST) this.complain(frame, at, from, portUnreachable);
  }

  private forward(frame: Uint8Array, at: number, from: RouterInterface): void {
    const target = getBe32(frame, ipAt.target);
    if (frame[ipAt.ttl] <= 1) return this.complain(frame, at, from, timeExceeded);
    const route = this.routeTo(target);
    if (route === undefined) return this.complain(frame, at, from, netUnreachable);
    const {via, gateway} = route;
    if (target === broadcastOf(via.subnet)) {
      this.dropped++;
      return;
    }
    if (via !== from && via.masquerade?.leave(frame, at, via.address) === false) {
      this.dropped++;
      return;
    }
    frame[ipAt.ttl]--;
    sealHeader(frame);
    this.forwarded++;
    via.send(frame, gateway ?? target);
  }

  private complain(frame: Uint8Array, at: number, from: RouterInterface, what: IcmpError): void {
    this.dropped++;
    const error = icmpError(frame, at, what, from.address);
    const sender = getBe32(frame, ipAt.source);
    const route = error && this.routeTo(sender);
    if (error !== undefined) route?.via.send(error, route.gateway ?? sender);
  }
}
