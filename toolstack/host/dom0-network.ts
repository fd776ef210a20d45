import {type Observable, Subject} from 'rxjs';
import {NatNetwork} from '../../backends/network/nat/index.ts';
import {type Bridge, BridgeInterface, Networks, parseMac, type PortOptions} from '../../backends/network/index.ts';
import {parseSubnet, Router, type RouterInterface, type Subnet} from '../../backends/network/router/index.ts';
import {Uplink} from '../../backends/network/uplink/index.ts';
import type {ProgramOps} from '../../hypervisor/vcpu/index.ts';
import {generateMac} from '../config/index.ts';
import {ToolstackError} from '../errors.ts';
import type {BridgeConfig, PlugOptions} from './api.ts';
import {DEFAULT_NAT, readFaults, readUplink} from './bridges.ts';

/** For vif-route; its guests are apart from each other. */
const ROUTED_BRIDGE = 'xenroute0';
const ISOLATED: PortOptions = {isolated: true};
/** Dom0's on a routed network when it has no address elsewhere. @see RFC 3927 */
const LINK_LOCAL: Subnet = {address: 0xa9fe0101, prefix: 32};

type NatConfig = BridgeConfig & {nat: string};
const isNat = (config: BridgeConfig): config is NatConfig => config.nat !== undefined;

/** Dom0's networks, its own interfaces on them with the routing between, and the programs that are joined to them. */
export class Dom0Network {
  readonly networks: Networks;
  readonly router: Router;
  private readonly ops: ProgramOps;
  private readonly random: () => number;
  /** NAT networks that there are, and those that come when somebody needs them. */
  private readonly nats = new Map<string, NatNetwork>();
  private readonly natConfigs: readonly NatConfig[];
  private routedLeg: RouterInterface | undefined;
  /** Dom0's first. */
  private address: Subnet | undefined;
  private readonly uplinks: Uplink[] = [];
  private readonly lines = new Subject<string>();
  private taps = 0;

  constructor(ops: ProgramOps, bridges: readonly BridgeConfig[], random: () => number) {
    this.ops = ops;
    this.random = random;
    this.router = new Router(ops.schedule);
    const natConfigs = bridges.filter(isNat);
    this.natConfigs = natConfigs.length > 0 ? natConfigs : [DEFAULT_NAT];
    const plain = bridges.filter((config) => !isNat(config));
    this.networks = new Networks(ops, []);
    for (const config of plain) this.createBridge(config);
    this.networks.addScript('vif-nat', (bridge) => ({bridge: this.natNetwork(bridge).leg.nic.bridge, port: {}}));
    this.networks.addScript('vif-route', () => ({bridge: this.routed().nic.bridge, port: ISOLATED}));
    for (const {name, dom0Address, uplinks = []} of plain) {
      if (dom0Address !== undefined) this.join(name, dom0Address);
      for (const uplink of uplinks) this.addUplink(name, uplink);
    }
    for (const {name, uplinks = []} of natConfigs) if (uplinks.length > 0) this.natNetwork(name);
  }

  /** What became of uplinks, a line each. */
  get log(): Observable<string> {
    return this.lines.asObservable();
  }

  /** Starts the uplinks. ToolstackError when one has not the socket that it is to be reached at. */
  async open(): Promise<void> {
    for (const uplink of this.uplinks) {
      try {
        await uplink.open();
      } catch (error) {
        await this.close();
        const {code = 'EIO', message} = error as NodeJS.ErrnoException;
        throw new ToolstackError(code, `pvsim: uplink ${uplink.name}: ${message}`);
      }
    }
  }

  async close(): Promise<void> {
    for (const nat of this.nats.values()) nat.close();
    for (const uplink of this.uplinks) await uplink.close();
    this.lines.complete();
  }

  bridge(name: string): Bridge {
    const bridge = this.networks.bridge(name);
    if (bridge === undefined) throw new ToolstackError('ENOENT', `no bridge ${name}`);
    return bridge;
  }

  plug(bridge: string, options: PlugOptions): BridgeInterface {
    const {name = `tap${this.taps++}`, mac = generateMac(this.random), promiscuous} = options;
    const address = parseMac(mac);
    if (address === undefined) throw new ToolstackError('EINVAL', `"${mac}" is not a MAC address`);
    return new BridgeInterface({ops: this.ops, bridge: this.bridge(bridge), name, mac: address, promiscuous});
  }

  /** The NAT network of that name, or else the first: vif-nat needs no bridge. */
  natNetwork(name: string): NatNetwork {
    const config = this.natConfigs.find((each) => each.name === name) ?? this.natConfigs[0];
    const known = this.nats.get(config.name);
    if (known !== undefined) return known;
    const made = this.makeNat(config);
    this.nats.set(config.name, made);
    return made;
  }

  /** The leg behind which guests of vif-route are. It answers ARP for all others. */
  routed(): RouterInterface {
    if (this.routedLeg !== undefined) return this.routedLeg;
    this.networks.create(ROUTED_BRIDGE);
    const {address} = this.address ?? LINK_LOCAL;
    const leg = this.router.add({
      nic: this.plug(ROUTED_BRIDGE, {name: 'dom0'}),
      subnet: {address, prefix: 32},
      isNeighbour: (target) => this.router.routeTo(target)?.via === leg,
    });
    this.routedLeg = leg;
    return leg;
  }

  private makeNat({name, nat, uplinks = [], faults}: NatConfig): NatNetwork {
    const subnet = readSubnet(name, nat);
    this.createBridge({name, faults});
    const outsideName = `${name}-out`;
    if (uplinks.length > 0) this.networks.create(outsideName);
    const options = {
      schedule: this.ops.schedule,
      router: this.router,
      nic: this.plug(name, {name: 'dom0'}),
      subnet,
      outside: uplinks.length > 0 ? this.plug(outsideName, {name: outsideName}) : undefined,
      log: (line: string) => this.lines.next(line),
    };
    for (const uplink of uplinks) this.addUplink(outsideName, uplink);
    return new NatNetwork(options);
  }

  private createBridge({name, faults}: BridgeConfig): void {
    this.networks.create(name, faults === undefined ? {} : {faults: readFaults(faults)});
  }

  private addUplink(bridge: string, text: string): void {
    const log = (line: string): void => this.lines.next(line);
    this.uplinks.push(new Uplink({ops: this.ops, bridge: this.bridge(bridge), spec: readUplink(text), log}));
  }

  private join(name: string, address: string): void {
    const subnet = readSubnet(name, address);
    this.address ??= subnet;
    this.router.add({nic: this.plug(name, {name: 'dom0'}), subnet});
  }
}

const readSubnet = (name: string, text: string): Subnet => {
  const subnet = parseSubnet(text);
  if (subnet === undefined) throw new ToolstackError('EINVAL', `bridge ${name}: "${text}" is not an IPv4 address`);
  return subnet;
};
