import type {Abi} from '../../../hypervisor/abi/ctype.ts';
import type {HypervisorOps} from '../../../hypervisor/index.ts';
import type {DomainMemory} from '../../../hypervisor/memory/index.ts';
import {Hypercaller, type HypercallResult} from '../peers/hypercaller.ts';
import type {Rig, RigDomain, RigGuestOptions} from '../rig.ts';
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
  /** The same through the ABI. */
  readonly door: Hypercaller;
}

export interface HypervisorStandOptions extends StandOptions {
  /** Of guests; x86_64 by default. */
  readonly abi?: Abi;
}

/** A hypervisor under test, and domains that call it: what it answers, and what it does to their memory. */
export class HypervisorStand extends Stand {
  readonly dom0: Caller;
  private readonly options: HypervisorStandOptions;
  private readonly callers: Caller[] = [];

  private constructor(rig: Rig, options: HypervisorStandOptions) {
    super(rig, options);
    this.options = options;
    this.dom0 = this.callerOf(rig.dom0);
  }

  static async open(options: HypervisorStandOptions): Promise<HypervisorStand> {
    return new HypervisorStand(await startRig(options), options);
  }

  /** Another guest. */
  async guest(options: RigGuestOptions = {}): Promise<Caller> {
    return this.callerOf(await this.rig.createGuest({abi: this.options.abi, ...options}));
  }

  /** The end of a domain. */
  kill({domain}: Caller): void {
    this.note(`d${domain.id} is destroyed`);
    this.rig.xen.destroy(domain);
  }

  /** A hypercall through the ABI, with a struct as words. */
  call({domid, door}: Caller, number: number, cmd: number, struct: readonly number[], count?: number): HypercallResult {
    const answer = door.call(number, cmd, struct, count);
    this.note(`d${domid} hypercall ${number}, ${cmd} [${struct.slice(0, 12).join(', ')}] = ${answer.result}`);
    return answer;
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

  private callerOf(each: RigDomain): Caller {
    const {domain, ops} = each;
    const {layers, log} = this.options;
    const seam = new Seam(ops, [...layers, recorder(log, 'peer')]);
    const caller = {
      domid: domain.id,
      ops: seam.ops,
      memory: domain.memory,
      domain,
      door: new Hypercaller(this.rig.xen, each, layers),
    };
    this.callers.push(caller);
    return caller;
  }
}
