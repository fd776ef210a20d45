import {NS_PER_S, type TaskQueue, type Timer} from '../../../../hypervisor/schedule/index.ts';
import type {NetInterface} from '../interface.ts';
import type {Routes} from '../routes.ts';
import {addressInNetwork, type Ipv6, isLinkLocal, isMulticast6, UNSPECIFIED6} from './address.ts';
import type {NdMessage} from './nd-message.ts';

/** Only networks of this length have room for a MAC address. */
const AUTONOMOUS_PREFIX = 64;
const FOREVER_SECONDS = 0xffffffff;
const MAX_ADDRESSES = 16;
const MAX_NAME_SERVERS = 3;
const DEFAULT_ROUTE = {address: UNSPECIFIED6, prefix: 0};

interface Learnt {
  router: {address: Ipv6; timer: Timer} | undefined;
  /** By address: when it ends. */
  addresses: Map<Ipv6, Timer | undefined>;
  nameServers: Ipv6[];
}

/** What routers told each interface: addresses to use and a way out, each for as long as the router says. */
export class RouterAdvertisements {
  private readonly schedule: TaskQueue;
  private readonly routes: Routes;
  private readonly learnt = new Map<NetInterface, Learnt>();

  constructor(schedule: TaskQueue, routes: Routes) {
    this.schedule = schedule;
    this.routes = routes;
  }

  /** A router has been heard on the interface. */
  knows(on: NetInterface): boolean {
    return this.learnt.has(on);
  }

  get nameServers(): readonly Ipv6[] {
    return [...this.learnt.values()].flatMap(({nameServers}) => nameServers);
  }

  /** Takes an advertisement in; returns the addresses to be assigned. @see RFC 4861, 6.3.4; RFC 4862, 5.5.3 */
  take(message: NdMessage, source: Ipv6, from: NetInterface): {address: Ipv6; prefix: number}[] {
    const known = this.learnt.get(from) ?? {router: undefined, addresses: new Map<Ipv6, Timer>(), nameServers: []};
    this.learnt.set(from, known);
    this.takeRouter(known, message.routerSeconds, source, from);
    if (message.nameServers.length > 0) known.nameServers = message.nameServers.slice(0, MAX_NAME_SERVERS);
    const addresses: {address: Ipv6; prefix: number}[] = [];
    for (const {network, length, onLink, autonomous, validSeconds} of message.prefixes) {
      const isUsable = onLink && autonomous && length === AUTONOMOUS_PREFIX;
      if (!isUsable || isLinkLocal(network) || isMulticast6(network)) continue;
      const address = addressInNetwork(network, from.device.mac);
      const isNew = !known.addresses.has(address);
      if (isNew && (known.addresses.size >= MAX_ADDRESSES || validSeconds === 0)) continue;
      this.keep(known, address, validSeconds, from);
      if (isNew) addresses.push({address, prefix: length});
    }
    return addresses;
  }

  forget(gone: NetInterface): void {
    const known = this.learnt.get(gone);
    known?.router?.timer.cancel();
    for (const timer of known?.addresses.values() ?? []) timer?.cancel();
    this.learnt.delete(gone);
  }

  private takeRouter(known: Learnt, seconds: number, address: Ipv6, from: NetInterface): void {
    const isOurs = known.router === undefined || known.router.address === address;
    if (!isOurs) return;
    const leave = (): void => {
      if (known.router === undefined) return;
      known.router.timer.cancel();
      known.router = undefined;
      this.routes.remove(DEFAULT_ROUTE);
    };
    if (seconds === 0) leave();
    else if (known.router === undefined && this.routes.add(DEFAULT_ROUTE, address, from) !== undefined) return;
    else {
      known.router?.timer.cancel();
      known.router = {address, timer: this.schedule.after(seconds * NS_PER_S, leave)};
    }
  }

  private keep(known: Learnt, address: Ipv6, seconds: number, from: NetInterface): void {
    known.addresses.get(address)?.cancel();
    const drop = (): void => {
      known.addresses.delete(address);
      from.removeAddress({address, prefix: AUTONOMOUS_PREFIX});
    };
    const timer = seconds === FOREVER_SECONDS ? undefined : this.schedule.after(seconds * NS_PER_S, drop);
    known.addresses.set(address, timer);
  }
}
