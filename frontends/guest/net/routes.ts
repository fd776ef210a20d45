import {type Cidr, isInNetwork, isSingle, networkOf} from './cidr.ts';
import type {NetInterface} from './interface.ts';
import {type IpAddress, isIpv4} from './ip.ts';

/** A route that an administrator, a router or a DHCP server added. */
export interface StaticRoute {
  network: Cidr;
  gateway: IpAddress;
  interface: NetInterface;
}

/** How a packet leaves. */
export interface Path {
  interface: NetInterface;
  nextHop: IpAddress;
  source: IpAddress;
}

/** Paths remembered: a table that is full is begun anew. */
const MAX_PATHS = 1024;

/** Where packets go: networks that interfaces have addresses in, then the routes that were added. */
export class Routes {
  private readonly interfaces: () => Iterable<NetInterface>;
  private added: StaticRoute[] = [];
  private readonly paths = new Map<IpAddress, Path>();
  /** Our own addresses. */
  private own: ReadonlySet<IpAddress> = new Set();

  constructor(interfaces: () => Iterable<NetInterface>) {
    this.interfaces = interfaces;
  }

  get static(): readonly StaticRoute[] {
    return this.added;
  }

  /** Networks that need no gateway, in the order of the interfaces. */
  get connected(): {network: Cidr; source: IpAddress; interface: NetInterface}[] {
    return [...this.interfaces()]
      .filter((each) => each.up && !each.isLoopback)
      .flatMap((each) =>
        each.addresses
          .filter((own) => !isSingle(own))
          .map((own) => ({
            network: {address: networkOf(own), prefix: own.prefix},
            source: own.address,
            interface: each,
          })),
      );
  }

  /** The longest prefix wins. Undefined: the network is unreachable. */
  lookup(address: IpAddress): Path | undefined {
    const known = this.paths.get(address);
    if (known !== undefined) return known;
    const path = this.find(address);
    if (this.paths.size >= MAX_PATHS) this.paths.clear();
    if (path !== undefined) this.paths.set(address, path);
    return path;
  }

  /** The address is one of ours. */
  owns(address: IpAddress): boolean {
    return this.own.has(address);
  }

  /** Interfaces or their addresses are others now. */
  changed(): void {
    this.paths.clear();
    this.own = new Set([...this.interfaces()].flatMap((each) => each.addresses.map((own) => own.address)));
  }

  /** 'EEXIST', or 'ENETUNREACH' when the gateway is in no connected network, or not in one of `on`. */
  add(network: Cidr, gateway: IpAddress, on?: NetInterface): 'EEXIST' | 'ENETUNREACH' | undefined {
    if (this.findStatic(network) !== undefined) return 'EEXIST';
    const candidates = this.connected.filter((each) => on === undefined || each.interface === on);
    const via = longest(candidates.filter((each) => isInNetwork(gateway, each.network)));
    if (via === undefined || isIpv4(gateway) !== isIpv4(network.address)) return 'ENETUNREACH';
    const route = {network: {address: networkOf(network), prefix: network.prefix}, gateway, interface: via.interface};
    this.added.push(route);
    this.paths.clear();
    return undefined;
  }

  /** False when there was none. */
  remove(network: Cidr): boolean {
    const found = this.findStatic(network);
    this.added = this.added.filter((route) => route !== found);
    this.paths.clear();
    return found !== undefined;
  }

  /** The interface is gone. */
  removeInterface(gone: NetInterface): void {
    this.added = this.added.filter((route) => route.interface !== gone);
    this.changed();
  }

  private find(address: IpAddress): Path | undefined {
    const local = this.localPath(address);
    if (local !== undefined) return local;
    const connected = longest(this.connected.filter(({network}) => isInNetwork(address, network)));
    const added = longest(this.added.filter((route) => route.interface.up && isInNetwork(address, route.network)));
    if (connected !== undefined && (added === undefined || connected.network.prefix >= added.network.prefix)) {
      return {interface: connected.interface, nextHop: address, source: connected.source};
    }
    const source = added?.interface.sourceFor(isIpv4(added.gateway) ? added.gateway : address);
    return added === undefined || source === undefined
      ? undefined
      : {interface: added.interface, nextHop: added.gateway, source};
  }

  /** What we send to ourselves stays inside. */
  private localPath(address: IpAddress): Path | undefined {
    const loopback = [...this.interfaces()].find((each) => each.isLoopback);
    const isLocal = this.own.has(address) || loopback?.addresses.some((own) => isInNetwork(address, own));
    return loopback !== undefined && isLocal ? {interface: loopback, nextHop: address, source: address} : undefined;
  }

  private findStatic({address, prefix}: Cidr): StaticRoute | undefined {
    const network = networkOf({address, prefix});
    return this.added.find((route) => route.network.address === network && route.network.prefix === prefix);
  }
}

const longest = <T extends {network: Cidr}>(routes: readonly T[]): T | undefined =>
  routes.reduce<T | undefined>(
    (best, route) => (best === undefined || route.network.prefix > best.network.prefix ? route : best),
    undefined,
  );
