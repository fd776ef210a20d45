import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {Bridge} from './bridge.ts';
import type {BridgeOptions} from './bridge-options.ts';
import type {PortOptions} from './bridge-link.ts';
import {isVlan} from './vlan.ts';

/** What the toolstack names when a vif says no bridge. */
export const DEFAULT_BRIDGE = 'xenbr0';
const DEFAULT_SCRIPT = 'vif-bridge';

/** IFNAMSIZ less the final 0: what Linux allows as an interface's name. */
const MAX_NAME = 15;

/** Where a vif goes. */
export interface VifPlace {
  readonly bridge: Bridge;
  readonly port: PortOptions;
}

/** What a hotplug script makes of the bridge that a vif names; a text says why it cannot. */
export type VifScript = (bridge: string) => VifPlace | string;

/** The bridges of one domain, by name, and how vifs come to them. */
export class Networks {
  private readonly ops: HypervisorOps;
  private readonly bridges = new Map<string, Bridge>();
  private readonly scripts = new Map<string, VifScript>([
    [DEFAULT_SCRIPT, (name) => this.find(name, {})],
    ['vif-openvswitch', (text) => this.openVswitch(text)],
  ]);

  /** Starts with the bridges named, by default xenbr0. */
  constructor(ops: HypervisorOps, names: readonly string[] = [DEFAULT_BRIDGE]) {
    this.ops = ops;
    for (const name of names) this.create(name);
  }

  get all(): readonly Bridge[] {
    return [...this.bridges.values()];
  }

  bridge(name: string): Bridge | undefined {
    return this.bridges.get(name);
  }

  /** The new bridge, or the one that has the name already. Throws RangeError for a name that no interface may have. */
  create(name: string, options: Omit<BridgeOptions, 'name' | 'ops'> = {}): Bridge {
    const existing = this.bridges.get(name);
    if (existing !== undefined) return existing;
    if (!/^[^\s/:]+$/.test(name) || name.length > MAX_NAME) throw new RangeError(`"${name}" cannot name a bridge`);
    const bridge = new Bridge({...options, name, ops: this.ops});
    this.bridges.set(name, bridge);
    return bridge;
  }

  /** Adds a script, "vif-nat". */
  addScript(name: string, script: VifScript): void {
    this.scripts.set(name, script);
  }

  /** Where a vif with this script, a name or a path, goes; a text says why it cannot. */
  place(script = DEFAULT_SCRIPT, bridge = DEFAULT_BRIDGE): VifPlace | string {
    const name = script.slice(script.lastIndexOf('/') + 1);
    const found = this.scripts.get(name)?.(bridge);
    if (found === undefined) return `${name}: no such script here, but ${[...this.scripts.keys()].join(', ')}`;
    return typeof found === 'string' ? `${name}: ${found}` : found;
  }

  /** Why there is no such place, if so. */
  refusal(script: string | undefined, bridge: string): string | undefined {
    const place = this.place(script, bridge);
    return typeof place === 'string' ? place : undefined;
  }

  private find(name: string, port: PortOptions): VifPlace | string {
    const bridge = this.bridges.get(name);
    return bridge === undefined ? `Could not find bridge device ${name}` : {bridge, port};
  }

  /** @see Xen, vif-openvswitch: BRIDGE[.VLAN][:TRUNK:TRUNK...]; a trunk is not heeded beside a VLAN. */
  private openVswitch(text: string): VifPlace | string {
    const [, name, tagText, trunksText] = /^([^.:]+)(?:\.(\d+))?((?::\d+)*)$/.exec(text) ?? [];
    const tag = tagText === undefined ? undefined : Number(tagText);
    const trunks = trunksText ? trunksText.slice(1).split(':').map(Number) : undefined;
    if (name === undefined || [tag ?? [], trunks ?? []].flat().some((id) => id !== 0 && !isVlan(id))) {
      return 'No valid bridge was specified';
    }
    return this.find(name, tag === undefined && trunks === undefined ? {} : {vlan: {tag, trunks}});
  }
}
