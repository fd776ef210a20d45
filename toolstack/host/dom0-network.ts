import {type Observable, Subject} from 'rxjs';
import {
  answerPings,
  type Bridge,
  BridgeInterface,
  Networks,
  parseIpv4,
  parseMac,
} from '../../backends/network/index.ts';
import {Uplink} from '../../backends/network/uplink/index.ts';
import type {ProgramOps} from '../../hypervisor/vcpu/index.ts';
import {generateMac} from '../config/index.ts';
import {ToolstackError} from '../errors.ts';
import type {BridgeConfig, PlugOptions} from './api.ts';
import {readUplink} from './bridges.ts';

/** Dom0's bridges, its own interfaces on them, and the programs that are joined to them. */
export class Dom0Network {
  readonly networks: Networks;
  private readonly ops: ProgramOps;
  private readonly random: () => number;
  private readonly uplinks: Uplink[] = [];
  private readonly lines = new Subject<string>();
  private taps = 0;

  constructor(ops: ProgramOps, bridges: readonly BridgeConfig[], random: () => number) {
    this.ops = ops;
    this.random = random;
    this.networks = new Networks(
      ops,
      bridges.map(({name}) => name),
    );
    for (const {name, dom0Address, uplinks = []} of bridges) {
      if (dom0Address !== undefined) this.join(name, dom0Address);
      for (const uplink of uplinks) this.uplinks.push(this.makeUplink(name, uplink));
    }
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

  private makeUplink(bridge: string, text: string): Uplink {
    const log = (line: string): void => this.lines.next(line);
    return new Uplink({ops: this.ops, bridge: this.bridge(bridge), spec: readUplink(text), log});
  }

  private join(name: string, address: string): void {
    const bytes = parseIpv4(address);
    if (bytes === undefined) throw new ToolstackError('EINVAL', `bridge ${name}: "${address}" is not an IPv4 address`);
    answerPings(this.plug(name, {name: 'dom0'}), bytes);
  }
}
