import type {TaskQueue} from '../../../hypervisor/schedule/index.ts';
import type {BridgeInterface} from '../interface.ts';
import {Masquerade} from '../router/masquerade.ts';
import type {Router} from '../router/router.ts';
import type {RouterInterface} from '../router/router-interface.ts';
import {formatAddress, type Subnet} from '../router/subnet.ts';
import {DhcpClient, type DhcpLease} from './dhcp-client.ts';
import {DhcpServer} from './dhcp-server.ts';
import {DnsServer, type NameServer} from './dns-server.ts';

/** Of guests' names in every NAT network. */
const DOMAIN = 'xen';
/** What the router itself is called. */
const ROUTER_NAME = 'dom0';
const ANYWHERE: Subnet = {address: 0, prefix: 0};

export interface NatNetworkOptions {
  schedule: TaskQueue;
  router: Router;
  /** The router's interface in the network. */
  nic: BridgeInterface;
  /** Its address there. */
  subnet: Subnet;
  /** The router's interface where programs are that know the way out; none: the network ends here. */
  outside?: BridgeInterface;
  log: (line: string) => void;
}

/** A guest on the network. */
export interface NatGuest {
  /** "00:16:3e:00:00:01" */
  readonly mac: string;
  readonly name: string;
  /** Kept for it; none: any that is free. */
  readonly address?: number;
}

/** Guests behind one address: they get theirs by DHCP, know each other by name, and reach what the outside knows. */
export class NatNetwork {
  readonly leg: RouterInterface;
  private readonly options: NatNetworkOptions;
  private readonly dhcp: DhcpServer;
  private readonly guests = new Map<string, NatGuest>();
  private readonly client: DhcpClient | undefined;
  private nameServer: NameServer | undefined;

  constructor(options: NatNetworkOptions) {
    const {schedule, router, nic, subnet, outside} = options;
    this.options = options;
    this.leg = router.add({nic, subnet});
    this.dhcp = new DhcpServer({schedule, leg: this.leg, domain: DOMAIN, nameOf: (mac) => this.guests.get(mac)?.name});
    this.dhcp.start();
    new DnsServer({
      schedule,
      router,
      leg: this.leg,
      domain: DOMAIN,
      lookup: (name) => this.lookup(name),
      reverse: (address) => this.reverse(address),
      upstream: () => this.nameServer,
    }).start();
    if (outside === undefined) return;
    const leg = router.add({nic: outside, subnet: ANYWHERE, masquerade: new Masquerade(schedule)});
    this.client = new DhcpClient({schedule, leg, onLease: (lease) => this.turnTo(leg, lease)});
    this.client.start();
  }

  /** A guest has come: it has a name from now on, and the address that is kept for it. */
  join(guest: NatGuest): void {
    this.guests.set(guest.mac, guest);
    if (guest.address !== undefined) this.dhcp.leases.reserve(guest.mac, guest.address);
  }

  leave(mac: string): void {
    this.guests.delete(mac);
    this.dhcp.leases.unreserve(mac);
    this.dhcp.leases.release(mac);
  }

  close(): void {
    this.client?.stop();
  }

  private turnTo(outside: RouterInterface, lease: DhcpLease | undefined): void {
    const {router, log} = this.options;
    const {subnet, gateway, nameServer} = lease ?? {subnet: ANYWHERE};
    router.readdress(outside, subnet);
    if (gateway !== undefined) router.addRoute({...ANYWHERE, via: outside, gateway});
    this.nameServer = nameServer === undefined ? undefined : {address: nameServer, leg: outside};
    log(`${outside.nic.name}: ${lease === undefined ? 'has lost its address' : describe(lease)}`);
    const isElsewhere = gateway !== undefined && router.routeTo(gateway)?.via !== outside;
    if (isElsewhere)
      log(`${outside.nic.name}: the gateway is not reached, its address is one of another network of dom0`);
  }

  private lookup(name: string): number | undefined {
    if (name === ROUTER_NAME) return this.leg.address;
    for (const guest of this.guests.values()) {
      if (guest.name.toLowerCase() === name) return this.dhcp.leases.addressOf(guest.mac);
    }
    return undefined;
  }

  private reverse(address: number): string | undefined {
    if (address === this.leg.address) return ROUTER_NAME;
    for (const {mac, name} of this.guests.values()) if (this.dhcp.leases.addressOf(mac) === address) return name;
    return undefined;
  }
}

const describe = ({subnet, gateway}: DhcpLease): string =>
  `address ${formatAddress(subnet.address)}/${subnet.prefix}, gateway ${gateway === undefined ? 'none' : formatAddress(gateway)}`;
