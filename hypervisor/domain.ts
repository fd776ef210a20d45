import type {Ledger} from './cost/index.ts';
import {type Abi, type EventWords, PortTable, SharedInfo, TwoLevelEvents} from './event-channel/index.ts';
import {GrantTable, Maptrack, statusFramesFor} from './grant-table/index.ts';
import type {DomId, Gfn} from './ids.ts';
import type {EmulatedIo, TrappedIo} from './ioreq/index.ts';
import {type DomainMemory, PAGE_SIZE} from './memory/index.ts';
import {DomainQueue, type Schedule, type Task, type Timer} from './schedule/index.ts';
import type {Sched, SchedDomain} from './sched/index.ts';
import type {Vcpu} from './vcpu/vcpu.ts';

/** @see xen.h: a build-time limit of Xen's for a guest's grant frames. */
export const MAX_GRANT_FRAMES = 64;

/** Frames that the hypervisor needs inside the domain's memory: shared_info, then the grant table's areas. */
export const HYPERVISOR_FRAMES = 1 + MAX_GRANT_FRAMES + statusFramesFor(MAX_GRANT_FRAMES);

/** The machinery of one domain: its memory, tables and vCPUs. Its public state is DomainInfo. */
export class Domain {
  readonly id: DomId;
  readonly abi: Abi;
  readonly memory: DomainMemory;
  /** May act for other domains, as dom0 does. */
  readonly privileged: boolean;
  readonly sharedInfo: SharedInfo;
  /** 2-level until the guest asks for FIFO. */
  events: EventWords;
  readonly sharedInfoGfn: Gfn;
  /** First of MAX_GRANT_FRAMES frames that setup_table hands out one by one. */
  readonly grantFramesGfn: Gfn;
  /** First of the frames that show who uses the entries of a version 2 table. */
  readonly grantStatusGfn: Gfn;
  /** What GNTTABOP_set_version may ask for. */
  readonly maxGrantVersion: number;
  readonly ports = new PortTable();
  readonly virqPorts = new Map<number, number>();
  readonly grants: GrantTable;
  readonly maptrack = new Maptrack();
  readonly vcpus: Vcpu[] = [];
  /** Those that its kernel has brought up: the first at the start. @see vcpu.h, VCPUOP_up */
  readonly onlineVcpus = new Set([0]);
  /** HVM_PARAM_* that the builder sets and the guest reads: store and console pages and ports. */
  readonly hvmParams = new Map<number, number>();
  /** What XENMEM_memory_map answers: e820 entries, packed. None for a guest that needs no map. */
  memoryMap: Uint8Array | undefined;
  /** Emulated hardware, of an HVM domain. */
  io: EmulatedIo | undefined;
  /** How its kernel reaches that, when it is a program. */
  trappedIo: TrappedIo | undefined;
  /** Running ones of its MAX_WATCHDOGS, by number. @see sched.h, SCHEDOP_watchdog */
  readonly watchdogs = new Map<number, Timer>();
  /** The domain's own run queue: held while it is paused, dropped when it dies. */
  readonly schedule: DomainQueue;
  /** Its vCPUs as the scheduler knows them. */
  readonly sched: SchedDomain;
  /** Counts what its I/O costs, if anything does. */
  readonly ledger: Ledger | null;
  /** Takes what the domain's own code threw. */
  readonly onFault: (error: unknown) => void;
  pauseCount = 0;
  /** SHUTDOWN_* once the guest has stopped itself. */
  shutdownReason: number | undefined;
  dying = false;

  constructor(options: {
    id: DomId;
    abi: Abi;
    memory: DomainMemory;
    privileged: boolean;
    sharedInfoGfn: Gfn;
    schedule: Schedule;
    sched: Sched;
    vcpus: number;
    handle: string;
    maxGrantVersion: number;
    ledger: Ledger | null;
    onFault: (error: unknown) => void;
  }) {
    this.id = options.id;
    this.abi = options.abi;
    this.memory = options.memory;
    this.privileged = options.privileged;
    this.sharedInfoGfn = options.sharedInfoGfn;
    this.grantFramesGfn = (options.sharedInfoGfn + 1) as Gfn;
    this.grantStatusGfn = (this.grantFramesGfn + MAX_GRANT_FRAMES) as Gfn;
    this.maxGrantVersion = options.maxGrantVersion;
    this.sharedInfo = new SharedInfo(options.memory, options.abi, options.sharedInfoGfn * PAGE_SIZE);
    this.events = new TwoLevelEvents(this.sharedInfo);
    this.grants = new GrantTable(options.memory, MAX_GRANT_FRAMES);
    this.grants.placeFrame(0, this.grantFramesGfn * PAGE_SIZE);
    this.ledger = options.ledger;
    this.onFault = options.onFault;
    this.schedule = new DomainQueue(options.schedule, () => this.runnable, options.onFault);
    const {schedule} = this;
    const {id, privileged, handle} = options;
    const owner = {
      id,
      privileged,
      handle,
      isRunnable: () => this.runnable,
      post: (task: Task) => schedule.postWork(task),
    };
    this.sched = options.sched.addDomain(owner, options.vcpus);
  }

  get paused(): boolean {
    return this.pauseCount > 0;
  }

  /** False while its code must not run: paused, shut down or dying. */
  get runnable(): boolean {
    return this.pauseCount === 0 && this.shutdownReason === undefined && !this.dying;
  }

  /** It could run, and all of its vCPUs wait for events. */
  get blocked(): boolean {
    return this.runnable && [...this.onlineVcpus].every((vcpu) => this.vcpus[vcpu].blocked);
  }

  /** One of its vCPUs has a CPU. */
  get running(): boolean {
    return this.sched.units.some(({state}) => state === 'running');
  }

  get cpuTimeNs(): number {
    return this.vcpus.reduce((sum, vcpu) => sum + vcpu.cpuTimeNs, 0);
  }

  /** A frame that somebody has mapped must stay where it is. */
  isFrameInUse(gfn: number): boolean {
    for (const pinned of this.grants.pinnedRefs()) if (pinned.gfn === gfn) return true;
    return gfn >= this.sharedInfoGfn && gfn < this.sharedInfoGfn + HYPERVISOR_FRAMES;
  }

  toString(): string {
    return `d${this.id} ${this.memory.toString()}, ${this.maptrack.count} maps, ${this.grants.pinned} pinned`;
  }
}
