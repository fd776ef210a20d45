import type {HypervisorOps} from '../../../hypervisor/index.ts';
import type {DomainMemory} from '../../../hypervisor/memory/index.ts';
import type {Rig, RigDomain} from '../rig.ts';
import {recorder} from '../seam/recorder.ts';
import {Seam} from '../seam/seam.ts';
import {startRig} from './start-rig.ts';
import {Stand, type StandOptions} from './stand.ts';

/** A domain that calls the hypervisor under test. */
export interface Caller {
  readonly domid: number;
  /** Mutants lie on it. */
  readonly ops: HypervisorOps;
  readonly memory: DomainMemory;
  readonly domain: RigDomain['domain'];
}

/** A hypervisor under test, and domains that call it: what it answers, and what it does to their memory. */
export class HypervisorStand extends Stand {
  readonly dom0: Caller;
  private readonly options: StandOptions;
  private readonly callers: Caller[] = [];

  private constructor(rig: Rig, options: StandOptions) {
    super(rig, options);
    this.options = options;
    this.dom0 = this.callerOf(rig.dom0);
  }

  static async open(options: StandOptions): Promise<HypervisorStand> {
    return new HypervisorStand(await startRig(options), options);
  }

  /** Another guest. */
  async guest(): Promise<Caller> {
    return this.callerOf(await this.rig.createGuest());
  }

  /** Writes a version 1 grant entry as a kernel does: frame first, then flags and domid in one word. */
  setEntry({domain}: Caller, ref: number, {flags, domid, frame}: {flags: number; domid: number; frame: number}): void {
    this.note(`d${domain.id} entry ${ref}: flags ${flags}, domid ${domid}, frame ${frame}`);
    const word = domain.grants.entryWord(ref);
    domain.memory.u32[word + 1] = frame;
    domain.memory.u32[word] = ((domid << 16) | flags) >>> 0;
  }

  /** Flags of an entry, as they stand in memory. */
  flagsOf({domain}: Caller, ref: number): number {
    return domain.memory.u32[domain.grants.entryWord(ref)] & 0xffff;
  }

  dump(): string[] {
    return this.callers.map(({domain}) => String(domain));
  }

  private callerOf({domain, ops}: RigDomain): Caller {
    const {layers, log} = this.options;
    const seam = new Seam(ops, [...layers, recorder(log, 'peer')]);
    const caller = {domid: domain.id, ops: seam.ops, memory: domain.memory, domain};
    this.callers.push(caller);
    return caller;
  }
}
