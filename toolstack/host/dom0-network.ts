import {
  answerPings,
  type Bridge,
  BridgeInterface,
  Networks,
  parseIpv4,
  parseMac,
} from '../../backends/network/index.ts';
import type {ProgramOps} from '../../hypervisor/vcpu/index.ts';
import {generateMac} from '../config/index.ts';
import {ToolstackError} from '../errors.ts';
import type {BridgeConfig, PlugOptions} from './api.ts';

/** Dom0's bridges, and its own interfaces on them. */
export class Dom0Network {
  readonly networks: Networks;
  private readonly ops: ProgramOps;
  private readonly random: () => number;
  private taps = 0;

  constructor(ops: ProgramOps, bridges: readonly BridgeConfig[], random: () => number) {
    this.ops = ops;
    this.random = random;
    this.networks = new Networks(
      ops,
      bridges.map(({name}) => name),
    );
    for (const {name, dom0Address} of bridges) if (dom0Address !== undefined) this.join(name, dom0Address);
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

  private join(name: string, address: string): void {
    const bytes = parseIpv4(address);
    if (bytes === undefined) throw new ToolstackError('EINVAL', `bridge ${name}: "${address}" is not an IPv4 address`);
    answerPings(this.plug(name, {name: 'dom0'}), bytes);
  }
}
