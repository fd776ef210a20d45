import {type Observable, Subject} from 'rxjs';
import {SHUTDOWN_crash, SHUTDOWN_MAX, SHUTDOWN_suspend, SHUTDOWN_watchdog} from './abi/sched.ts';
import {VIRQ_DEBUG, VIRQ_DOM_EXC, VIRQ_TIMER} from './abi/xen.ts';
import type {Ledger} from './cost/index.ts';
import {Domain, HYPERVISOR_FRAMES} from './domain.ts';
import type {DomainEvent, DomainInfo, DomainTable} from './domain-info.ts';
import {DomainTableState} from './domain-table.ts';
import {EBUSY, EINVAL, ENOENT, ENOMEM, ENOSPC} from './errno.ts';
import {type Abi, EventChannels, LEGACY_MAX_VCPUS} from './event-channel/index.ts';
import {Grants} from './grant-table/index.ts';
import {DOM0, type DomId, DOMID_FIRST_RESERVED, type Gfn} from './ids.ts';
import {DomainMemory, PAGE_SIZE} from './memory/index.ts';
import {FaultPlan, type FaultRates, NS_PER_S, type Schedule, type Timer} from './schedule/index.ts';
import {Sched, type SchedOptions} from './sched/index.ts';
import {Tracer} from './trace/index.ts';
import type {Vcpu} from './vcpu/vcpu.ts';

export interface HypervisorOptions {
  schedule: Schedule;
  /** Memory of the whole host, MiB; domains are accounted against it. Only touched pages cost real memory. */
  memoryMib?: number;
  faults?: Partial<FaultRates>;
  sched?: SchedOptions;
  /** Counts what I/O costs; none: nothing is counted. */
  ledger?: Ledger;
}

export interface DomainOptions {
  /** Pages of RAM accounted to the domain. */
  pages: number;
  /** Most that it may ever have; `pages` by default. */
  maxPages?: number;
  /** Frames that its memory map shows beyond `pages`, which it is to give back; none by default. */
  podPages?: number;
  vcpus?: number;
  abi?: Abi;
  /** UUID string. */
  handle?: string;
  privileged?: boolean;
  /** A window over a buffer that an engine owns, with room for `pages` + HYPERVISOR_FRAMES. */
  memory?: DomainMemory;
  /** 1 or 2: the newest grant table that it may have; 2 by default. */
  maxGrantVersion?: number;
  /** Makes the engine of one vCPU; called once the domain's tables stand. */
  vcpu: (domain: Domain, index: number) => Vcpu;
  /** The next free domid otherwise. */
  domid?: DomId;
}

const DEFAULT_MEMORY_MIB = 65536;
const PAGES_PER_MIB = (1024 * 1024) / PAGE_SIZE;
/** Each domain has two. */
const WATCHDOG_IDS = [1, 2];
const MAX_GRANT_VERSION = 2;
const NIL_UUID = '00000000-0000-0000-0000-000000000000';

/**
 * Xen itself: domains, their memory, event channels and grants, and the one clock. Everything else of the host is a
 * domain's business.
 */
export class Hypervisor {
  readonly schedule: Schedule;
  readonly trace: Tracer;
  readonly faults: FaultPlan;
  readonly ledger: Ledger | null;
  readonly eventChannels: EventChannels;
  readonly grants: Grants;
  /** CPUs, pools and who runs where. */
  readonly sched: Sched;
  readonly totalPages: number;
  private readonly domains = new Map<number, Domain>();
  private readonly table = new DomainTableState();
  private readonly lifecycle = new Subject<DomainEvent>();
  private readonly timers = new Map<string, Timer>();
  private readonly console: string[] = [];
  private usedPages = 0;
  private lastDomid = 0;

  constructor(options: HypervisorOptions) {
    this.schedule = options.schedule;
    this.ledger = options.ledger ?? null;
    this.totalPages = (options.memoryMib ?? DEFAULT_MEMORY_MIB) * PAGES_PER_MIB;
    this.trace = new Tracer(() => this.schedule.now());
    this.sched = new Sched(options.schedule, options.sched);
    this.faults = new FaultPlan(options.faults, options.schedule.seed, (kind) => {
      if (this.trace.on) this.trace.emit('fault', DOM0, kind);
    });
    const byId = (domid: number): Domain | undefined => this.domains.get(domid);
    this.ledger?.follow((domid) => byId(domid)?.ports);
    this.eventChannels = new EventChannels(byId, this.trace, this.faults);
    this.grants = new Grants(byId, (granter) => this.finishDestroy(granter), this.trace, this.faults);
  }

  /** Pages that no domain has. */
  get freePages(): number {
    return this.totalPages - this.usedPages;
  }

  /** The domain table now: an immutable value. */
  get domainTable(): DomainTable {
    return this.table.current;
  }

  get domainTableChanges(): Observable<DomainTable> {
    return this.table.changes;
  }

  /** Steps in the life of all domains, as they happen. */
  get domainEvents(): Observable<DomainEvent> {
    return this.lifecycle.asObservable();
  }

  /** Lines of the hypervisor's own console, what `xl dmesg` prints. */
  get consoleLines(): readonly string[] {
    return this.console;
  }

  domain(domid: number): Domain | undefined {
    return this.domains.get(domid);
  }

  /** By domid. */
  allDomains(): Domain[] {
    return [...this.domains.values()].sort((a, b) => a.id - b.id);
  }

  /** Adds a line to the hypervisor's console ring; the oldest go when it is full. */
  log(line: string): void {
    this.console.push(`(XEN) ${line}`);
    if (this.console.length > 2000) this.console.splice(0, 1000);
  }

  clearConsole(): void {
    this.console.length = 0;
  }

  /** Creates a paused domain. -ENOMEM when the host has not the pages, -EINVAL for a wrong size or vCPU count. */
  createDomain(options: DomainOptions): Domain | number {
    const {pages, vcpus = 1, abi = 'x86_64'} = options;
    if (pages <= 0 || vcpus < 1 || vcpus > LEGACY_MAX_VCPUS) return -EINVAL;
    if (pages > this.freePages) return -ENOMEM;
    const id = options.domid ?? this.nextDomid();
    if (id === undefined) return -ENOSPC;
    if (this.domains.has(id)) return -EBUSY;
    const memory = options.memory ?? new DomainMemory(pages + HYPERVISOR_FRAMES);
    const domain: Domain = new Domain({
      id,
      abi,
      memory,
      privileged: options.privileged ?? false,
      sharedInfoGfn: (memory.pages - HYPERVISOR_FRAMES) as Gfn,
      schedule: this.schedule,
      sched: this.sched,
      vcpus,
      handle: options.handle ?? NIL_UUID,
      maxGrantVersion: options.maxGrantVersion ?? MAX_GRANT_VERSION,
      ledger: this.ledger,
      onFault: (error) => this.onProgramFault(domain, error),
    });
    domain.pauseCount = 1;
    this.usedPages += pages;
    this.domains.set(id, domain);
    for (let index = 0; index < vcpus; index++) domain.vcpus.push(options.vcpu(domain, index));
    const info: DomainInfo = {
      domid: id,
      handle: options.handle ?? NIL_UUID,
      vcpus,
      onlineVcpus: domain.onlineVcpus.size,
      totalPages: pages,
      maxPages: options.maxPages ?? pages,
      podPages: options.podPages ?? 0,
      paused: true,
      shutdown: false,
      shutdownReason: undefined,
      dying: false,
      createdNs: this.schedule.now(),
    };
    this.table.insert(info);
    if (this.trace.on) this.trace.emit('domain_create', id, pages, vcpus);
    this.lifecycle.next({type: 'created', domid: id, info});
    return domain;
  }

  /** VCPUOP_up and VCPUOP_down: the domain's own kernel starts or stops a vCPU. -ENOENT when there is none. */
  setVcpuOnline(domain: Domain, vcpu: number, online: boolean): number {
    if (vcpu < 0 || vcpu >= domain.vcpus.length) return -ENOENT;
    if (online) domain.onlineVcpus.add(vcpu);
    else domain.onlineVcpus.delete(vcpu);
    domain.sched.units[vcpu].setOnline(online);
    this.table.update(domain.id, {onlineVcpus: domain.onlineVcpus.size});
    return 0;
  }

  /** Pages that the domain may have in addition to those it has: by its own limit, and by what the host has left. */
  roomFor({id}: Domain): number {
    const {totalPages, maxPages} = this.info(id);
    return Math.max(0, Math.min(maxPages - totalPages, this.freePages));
  }

  /** Accounts for pages that the domain was given, at most `roomFor` it, or below 0 for those that it gave back. */
  accountPages({id}: Domain, pages: number): void {
    const {totalPages, podPages} = this.info(id);
    const onDemand = pages < 0 ? Math.min(podPages, -pages) : 0;
    const change = pages + onDemand;
    this.usedPages += change;
    this.table.update(id, {totalPages: totalPages + change, podPages: podPages - onDemand});
  }

  /** XEN_DOMCTL_max_mem. A limit below what the domain has keeps it from growing and takes nothing away. */
  setMaxPages({id}: Domain, maxPages: number): void {
    this.table.update(id, {maxPages});
  }

  /** Nests: a domain paused twice needs two unpauses. */
  pause(domain: Domain): void {
    domain.pauseCount++;
    if (this.trace.on) this.trace.emit('domain_pause', domain.id, domain.pauseCount);
    if (domain.pauseCount > 1) return;
    domain.sched.refresh();
    this.announce('paused', domain.id, {paused: true});
  }

  /** -EINVAL when it is not paused. */
  unpause(domain: Domain): number {
    if (domain.pauseCount === 0) return -EINVAL;
    domain.pauseCount--;
    if (this.trace.on) this.trace.emit('domain_unpause', domain.id, domain.pauseCount);
    if (domain.pauseCount > 0) return 0;
    this.announce('unpaused', domain.id, {paused: false});
    domain.schedule.resume();
    domain.sched.refresh();
    for (const vcpu of domain.vcpus) vcpu.resume();
    return 0;
  }

  /** SCHEDOP_shutdown: the domain stops; its memory, grants and ports stay until it is destroyed. */
  shutdown(domain: Domain, reason: number): number {
    if (reason < 0 || reason > SHUTDOWN_MAX) return -EINVAL;
    if (domain.shutdownReason !== undefined || domain.dying) return 0;
    domain.shutdownReason = reason;
    domain.sched.refresh();
    if (this.trace.on) this.trace.emit('domain_shutdown', domain.id, reason);
    this.announce('shutdown', domain.id, {shutdown: true, shutdownReason: reason});
    this.raiseDomExc();
    return 0;
  }

  /** XEN_DOMCTL_resumedomain: a domain that suspended goes on where it was. -EINVAL when it has not. */
  resume(domain: Domain): number {
    if (domain.shutdownReason !== SHUTDOWN_suspend || domain.dying) return -EINVAL;
    domain.shutdownReason = undefined;
    if (this.trace.on) this.trace.emit('domain_resume', domain.id);
    this.announce('resumed', domain.id, {shutdown: false, shutdownReason: undefined});
    for (const vcpu of domain.vcpus) vcpu.cancelSuspend?.();
    domain.sched.refresh();
    domain.schedule.resume();
    return 0;
  }

  /** The domain's code failed: it stops with SHUTDOWN_crash and the reason stands on the hypervisor's console. */
  crash(domain: Domain, reason: string): void {
    this.log(`Domain ${domain.id} crashed: ${reason}`);
    this.shutdown(domain, SHUTDOWN_crash);
  }

  /** Takes everything from the domain. It stays in the table, dying, while others still map its pages. */
  destroy(domain: Domain): void {
    if (domain.dying) return;
    domain.dying = true;
    domain.schedule.stop();
    this.sched.removeDomain(domain.sched);
    for (const vcpu of domain.vcpus) vcpu.stop();
    for (const watchdog of domain.watchdogs.values()) watchdog.cancel();
    for (const key of this.timers.keys()) {
      if (key.startsWith(`${domain.id}/`)) this.cancelTimer(key);
    }
    if (this.trace.on) this.trace.emit('domain_dying', domain.id);
    this.announce('dying', domain.id, {dying: true});
    this.eventChannels.closeAll(domain);
    this.grants.unmapAll(domain);
    if (domain.grants.pinned === 0) this.finishDestroy(domain);
    else this.raiseDomExc();
  }

  /** VCPUOP_set_singleshot_timer: VIRQ_TIMER on that vCPU at a host time. */
  setTimer(domain: Domain, vcpu: number, atNs: number): void {
    const key = `${domain.id}/${vcpu}`;
    this.cancelTimer(key);
    const fire = (): void => {
      this.timers.delete(key);
      this.eventChannels.raiseVirq(domain, VIRQ_TIMER, vcpu);
    };
    this.timers.set(key, this.schedule.after(Math.max(0, atNs - this.schedule.now()), fire));
  }

  stopTimer(domain: Domain, vcpu: number): void {
    this.cancelTimer(`${domain.id}/${vcpu}`);
  }

  /**
   * SCHEDOP_watchdog: shuts the domain down with SHUTDOWN_watchdog unless it is set again in time. Number 0 takes a free
   * one and returns its number; a timeout of 0 stops it. -EINVAL for one that does not run, -ENOSPC when all do.
   */
  setWatchdog(domain: Domain, id: number, timeoutS: number): number {
    const {watchdogs} = domain;
    const number = id === 0 ? WATCHDOG_IDS.find((free) => !watchdogs.has(free)) : id;
    if (id === 0 ? timeoutS === 0 : !watchdogs.has(id)) return -EINVAL;
    if (number === undefined) return -ENOSPC;
    watchdogs.get(number)?.cancel();
    watchdogs.delete(number);
    const bite = (): void => void this.shutdown(domain, SHUTDOWN_watchdog);
    if (timeoutS > 0) watchdogs.set(number, this.schedule.after(timeoutS * NS_PER_S, bite));
    return id === 0 ? number : 0;
  }

  /** The debug key's interrupt: asks a guest to print its state. */
  sendDebugVirq(domain: Domain): void {
    for (let vcpu = 0; vcpu < domain.vcpus.length; vcpu++) this.eventChannels.raiseVirq(domain, VIRQ_DEBUG, vcpu);
  }

  private finishDestroy(domain: Domain): void {
    if (this.domains.get(domain.id) !== domain) return;
    this.domains.delete(domain.id);
    this.ledger?.forget(domain.id);
    const info = this.table.remove(domain.id);
    this.usedPages -= info.totalPages;
    if (this.trace.on) this.trace.emit('domain_destroy', domain.id);
    this.lifecycle.next({type: 'destroyed', domid: domain.id, info});
    this.raiseDomExc();
  }

  private info(domid: DomId): DomainInfo {
    const info = this.table.current.get(domid);
    if (info === undefined) throw new Error(`d${domid} is not in the table`);
    return info;
  }

  private announce(type: DomainEvent['type'], domid: DomId, change: Partial<DomainInfo>): void {
    this.lifecycle.next({type, domid, info: this.table.update(domid, change)});
  }

  private raiseDomExc(): void {
    const dom0 = this.domains.get(DOM0);
    if (dom0 !== undefined) this.eventChannels.raiseVirq(dom0, VIRQ_DOM_EXC);
  }

  private onProgramFault(domain: Domain, error: unknown): void {
    // Dom0's code is ours: its exception is an assertion and must not be swallowed.
    if (domain.privileged) throw error;
    this.crash(domain, error instanceof Error ? (error.stack ?? error.message) : String(error));
  }

  private cancelTimer(key: string): void {
    this.timers.get(key)?.cancel();
    this.timers.delete(key);
  }

  /** Counts up and wraps below the reserved ids, as Xen does, so that an id is not reused at once. */
  private nextDomid(): DomId | undefined {
    for (let tries = 0; tries < DOMID_FIRST_RESERVED; tries++) {
      this.lastDomid = this.lastDomid + 1 >= DOMID_FIRST_RESERVED ? 1 : this.lastDomid + 1;
      if (!this.domains.has(this.lastDomid)) return this.lastDomid as DomId;
    }
    return undefined;
  }
}
