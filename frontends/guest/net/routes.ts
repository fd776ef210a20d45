import {type Cidr, type Ipv4, isInNetwork, networkOf} from './address.ts';
import type {NetInterface} from './interface.ts';

/** A route that an administrator added. */
export interface StaticRoute {
  network: Cidr;
  gateway: Ipv4;
  interface: NetInterface;
}

/** How a packet leaves. */
export interface Path {
  interface: NetInterface;
  nextHop: Ipv4;
  source: Ipv4;
}

/** Where packets go: networks that interfaces have addresses in, then the routes that were added. */
export class Routes {
  private readonly interfaces: () => Iterable<NetInterface>;
  private added: StaticRoute[] = [];

  constructor(interfaces: () => Iterable<NetInterface>) {
    this.interfaces = interfaces;
  }

  get static(): readonly StaticRoute[] {
    return this.added;
  }

  /** Networks that need no gateway, in the order of the interfaces. */
  get connected(): {network: Cidr; source: Ipv4; interface: NetInterface}[] {
    return [...this.interfaces()]
      .filter((each) => each.up && !each.isLoopback)
      .flatMap((each) =>
        each.addresses
          .filter(({prefix}) => prefix < 32)
          .map((own) => ({
            network: {address: networkOf(own), prefix: own.prefix},
            source: own.address,
            interface: each,
          })),
      );
  }

  /** The longest prefix wins. Undefined: the network is unreachable. */
  lookup(address: Ipv4): Path | undefined {
    const local = this.localPath(address);
    if (local !== undefined) return local;
    const connected = longest(this.connected.filter(({network}) => isInNetwork(address, network)));
    const added = longest(this.added.filter((route) => route.interface.up && isInNetwork(address, route.network)));
    if (connected !== undefined && (added === undefined || connected.network.prefix >= added.network.prefix)) {
      return {interface: connected.interface, nextHop: address, source: connected.source};
    }
    const source = added?.interface.sourceFor(added.gateway);
    return added === undefined || source === undefined
      ? undefined
      : {interface: added.interface, nextHop: added.gateway, source};
  }

  /** 'EEXIST', or 'ENETUNREACH' when the gateway is in no connected network. */
  add(network: Cidr, gateway: Ipv4): 'EEXIST' | 'ENETUNREACH' | undefined {
    if (this.find(network) !== undefined) return 'EEXIST';
    const via = longest(this.connected.filter((each) => isInNetwork(gateway, each.network)));
    if (via === undefined) return 'ENETUNREACH';
    this.added.push({
      network: {address: networkOf(network), prefix: network.prefix},
      gateway,
      interface: via.interface,
    });
    return undefined;
  }

  /** False when there was none. */
  remove(network: Cidr): boolean {
    const found = this.find(network);
    this.added = this.added.filter((route) => route !== found);
    return found !== undefined;
  }

  /** The interface is gone. */
  removeInterface(gone: NetInterface): void {
    this.added = this.added.filter((route) => route.interface !== gone);
  }

  /** What we send to ourselves stays inside. */
  private localPath(address: Ipv4): Path | undefined {
    const all = [...this.interfaces()];
    const loopback = all.find((each) => each.isLoopback);
    const isLocal =
      all.some((each) => each.owns(address)) || loopback?.addresses.some((own) => isInNetwork(address, own));
    return loopback !== undefined && isLocal ? {interface: loopback, nextHop: address, source: address} : undefined;
  }

  private find({address, prefix}: Cidr): StaticRoute | undefined {
    const network = networkOf({address, prefix});
    return this.added.find((route) => route.network.address === network && route.network.prefix === prefix);
  }
}

const longest = <T extends {network: Cidr}>(routes: readonly T[]): T | undefined =>
  routes.reduce<T | undefined>(
    (best, route) => (best === undefined || route.network.prefix > best.network.prefix ? route : best),
    undefined,
  );
