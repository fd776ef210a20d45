import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {Bridge, type BridgeOptions} from './bridge.ts';

/** What the toolstack names when a vif says no bridge. */
export const DEFAULT_BRIDGE = 'xenbr0';

/** IFNAMSIZ less the final 0: what Linux allows as an interface's name. */
const MAX_NAME = 15;

/** The bridges of one domain, by name. */
export class Networks {
  private readonly ops: HypervisorOps;
  private readonly bridges = new Map<string, Bridge>();

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
}
