import type {ScsiAddress} from '../../hypervisor/abi/io/vscsi-address.ts';
import {type LogicalUnit, type Nexus, UnitTarget} from './target/index.ts';

/** As a key: exact, as 32 bits. */
const targetKey = (channel: number, id: number): number => channel * 65536 + id;

/** The units that one guest sees at one of its hosts, by address. Those of one channel and id are a target of its own. */
export class ScsiBus {
  readonly nexus: Nexus;
  private readonly targets = new Map<number, UnitTarget>();

  constructor(nexus: Nexus) {
    this.nexus = nexus;
  }

  /** The target that has a unit at that address. */
  find(channel: number, id: number, lun: number): UnitTarget | undefined {
    const target = this.targets.get(targetKey(channel, id));
    return target?.unit(lun) === undefined ? undefined : target;
  }

  /** False: there is one already. */
  attach({channel, id, lun}: ScsiAddress, unit: LogicalUnit): boolean {
    const key = targetKey(channel, id);
    const target = this.targets.get(key) ?? new UnitTarget();
    if (target.unit(lun) !== undefined) return false;
    this.targets.set(key, target);
    target.attach(lun, unit);
    return true;
  }

  /** Ends the guest's commands to the unit and takes it away. Resolves when none of them touches memory any more. */
  async detach({channel, id, lun}: ScsiAddress): Promise<void> {
    const key = targetKey(channel, id);
    const target = this.targets.get(key);
    const unit = target?.detach(lun);
    if (target?.luns.length === 0) this.targets.delete(key);
    await unit?.dropNexus(this.nexus);
  }

  /** The guest has gone, or begins anew: its commands end, and what units keep for it is forgotten. */
  async dropNexus(): Promise<void> {
    await Promise.all(Array.from(this.targets.values(), (target) => target.dropNexus(this.nexus)));
  }
}
