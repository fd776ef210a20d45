import {type Observable, Subject} from 'rxjs';
import {NatNetwork} from '../../backends/network/nat/index.ts';
import {
  type Bridge,
  BridgeInterface,
  formatNetFaults,
  Networks,
  parseMac,
  type PortOptions,
} from '../../backends/network/index.ts';
import {parseSubnet, Router, type RouterInterface, type Subnet} from '../../backends/network/router/index.ts';
import {Uplink} from '../../backends/network/uplink/index.ts';
import type {ProgramOps} from '../../hypervisor/vcpu/index.ts';
import {generateMac} from '../config/index.ts';
import {ToolstackError} from '../errors.ts';
import type {BridgeConfig, BridgeListing, HostNetworks, PlugOptions} from './api.ts';
import {DEFAULT_NAT, readFaults, readUplink} from './bridges.ts';

/** For vif-route; its guests are apart from each other. */
const ROUTED_BRIDGE = 'xenroute0';
const ISOLATED: PortOptions = {isolated: true};
/** Dom0's on a routed network when it has no address elsewhere. @see RFC 3927 */
const LINK_LOCAL: Subnet = {address: 0xa9fe0101, prefix: 32};

type NatConfig = BridgeConfig & {nat: string};
const isNat = (config: BridgeConfig): config is NatConfig => config.nat !== undefined;

/** @see HostNetworks; and dom0's own interfaces, with the routing between. */
export class Dom0Network implements HostNetworks {
  readonly networks: Networks;
  readonly router: Router;
  private readonly ops: ProgramOps;
  private readonly random: () => number;
  /** NAT networks that there are, and those that come when somebody needs them. */
  private readonly nats = new Map<string, NatNetwork>();
  private readonly natConfigs: NatConfig[] = [];
  private routedLeg: RouterInterface | undefined;
  /** Dom0's first. */
  private address: Subnet | undefined;
  private readonly uplinks: Uplink[] = [];
  /** Those that are not open yet. */
  private newUplinks: Uplink[] = [];
  private readonly lines = new Subject<string>();
  private taps = 0;

  constructor(ops: ProgramOps, bridges: readonly BridgeConfig[], random: () => number) {
    this.ops = ops;
    this.random = random;
    this.router = new Router(ops.schedule);
    this.networks = new Networks(ops, []);
    this.networks.addScript('vif-nat', (bridge) => ({bridge: this.natNetwork(bridge).leg.nic.bridge, port: {}}));
    this.networks.addScript('vif-route', () => ({bridge: this.routed().nic.bridge, port: ISOLATED}));
    for (const config of bridges) this.add(config);
  }

  bridges(): BridgeListing[] {
    return this.networks.all.map((bridge) => ({
      name: bridge.name,
      ports: bridge.links.map(({port, inFrames, outFrames}) => ({
        name: port.name,
        inFrames,
        outFrames,
        faults: formatNetFaults(bridge.faultsOf(port.name)),
      })),
      addresses: bridge.addresses,
    }));
  }

  async addBridge(config: BridgeConfig): Promise<void> {
    const {name} = config;
    if (this.networks.bridge(name) !== undefined || this.natConfigs.some((each) => each.name === name)) {
      throw new ToolstackError('EEXIST', `pvsim: there is a bridge ${name}`);
    }
    this.add(config);
    await this.open();
  }

  /** What became of uplinks, a line each. */
  get log(): Observable<string> {
    return this.lines.asObservable();
  }

  /** Starts uplinks that are new. ToolstackError when one cannot have its own socket; it is gone then. */
  async open(): Promise<void> {
    const opening = this.newUplinks;
    this.newUplinks = [];
    this.uplinks.push(...opening);
    for (const uplink of opening) {
      try {
        await uplink.open();
      } catch (error) {
        await uplink.close();
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
    const config = this.natConfigs.find((each) => each.name === name) ?? this.natConfigs.at(0) ?? DEFAULT_NAT;
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

  private add(config: BridgeConfig): void {
    const {name, dom0Address, uplinks = []} = config;
    if (isNat(config)) {
      this.natConfigs.push(config);
      if (uplinks.length > 0) this.natNetwork(name);
      return;
    }
    this.createBridge(config);
    if (dom0Address !== undefined) this.join(name, dom0Address);
    for (const uplink of uplinks) this.addUplink(name, uplink);
  }

  private createBridge({name, faults}: BridgeConfig): void {
    const options = faults === undefined ? {} : {faults: readFaults(faults)};
    try {
      this.networks.create(name, options);
    } catch (error) {
      throw new ToolstackError('EINVAL', `pvsim: ${(error as RangeError).message}`);
    }
  }

  private addUplink(bridge: string, text: string): void {
    const log = (line: string): void => this.lines.next(line);
    this.newUplinks.push(new Uplink({ops: this.ops, bridge: this.bridge(bridge), spec: readUplink(text), log}));
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
