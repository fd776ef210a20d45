import {hostname} from 'node:os';
import {resolve} from 'node:path';
import {filter, firstValueFrom, map, type Observable, Subject, type Subscription} from 'rxjs';
import type {ConsoleDaemon} from '../../backends/console/index.ts';
import type {Bridge, BridgeInterface, Networks} from '../../backends/network/index.ts';
import {imagesClosed} from '../../backends/storage/index.ts';
import {XenbusStateConnected} from '../../hypervisor/abi/io/xenbus.ts';
import {SHUTDOWN_crash} from '../../hypervisor/abi/sched.ts';
import {pressDebugKey} from '../../hypervisor/debug-keys/index.ts';
import {type Entry, readLedger} from '../../hypervisor/cost/index.ts';
import {DOM0, type Domain, type DomainEvent, type DomId, type Hypervisor} from '../../hypervisor/index.ts';
import {NS_PER_S, type Schedule} from '../../hypervisor/schedule/index.ts';
import {parseState} from '../../hypervisor/xenbus/index.ts';
import type {WatchEvent, XsClient, Xenstored} from '../../hypervisor/xenstore/index.ts';
import {listenOnSocket, type XenstoreSocket} from '../../hypervisor/xenstore/socket.ts';
import {type DomainConfig, domainConfig, parseConfig} from '../config/index.ts';
import {ToolstackError} from '../errors.ts';
import type {Breach, Ledger} from '../referee/index.ts';
import type {
  ConsoleType,
  CreateOptions,
  DomainSummary,
  Host,
  HostBusEvent,
  HostInfo,
  HostOptions,
  PlugOptions,
  ShutdownTrigger,
} from './api.ts';
import type {CpuControl} from './cpus/index.ts';
import {backendNode} from './device-buses.ts';
import type {DiskControl} from './disk-control.ts';
import {writeDom0Nodes} from './dom0.ts';
import type {Dom0Network} from './dom0-network.ts';
import {noDomain} from './domain-records.ts';
import {lastWords} from './last-words.ts';
import {type HostParts, makeParts} from './parts.ts';
import type {DomainRecord} from './record.ts';
import {checkWarmImage, restoreDomain} from './restore.ts';
import {type SaveOptions, saveDomain} from './save.ts';
import type {ScsiControl} from './scsi/scsi-control.ts';
import type {HeaderInfo} from './save-header.ts';
import {type DomainStatistics, periodically, sample, upcallsOf} from './observe.ts';
import {actOnShutdown} from './shutdown-actions.ts';
import {MIB_PER_PAGE, summarize} from './summary.ts';
import {sampleTop, type TopSample} from './top.ts';
import type {VifControl} from './vif-control.ts';
import {waitForNode} from './wait.ts';

const CONNECT_TIMEOUT_NS = 40 * NS_PER_S;
const DEFAULT_GRACE_NS = 10 * NS_PER_S;
/** Lines of a crashed guest's console: a panic's message and its call trace. */
const LAST_WORDS = 60;

class XenHost implements Host {
  readonly clock: Schedule;
  readonly xen: Hypervisor;
  readonly store: Xenstored;
  readonly xs: XsClient;
  readonly networks: Networks;
  readonly consoles: ConsoleDaemon;
  readonly cpus: CpuControl;
  readonly disks: DiskControl;
  readonly vifs: VifControl;
  readonly net: Dom0Network;
  readonly scsi: ScsiControl;
  readonly xenbusEvents: Observable<HostBusEvent>;
  readonly log: Observable<string>;
  private readonly parts: HostParts;
  private readonly lines = new Subject<string>();
  private readonly subscriptions: Subscription[] = [];
  private socket: XenstoreSocket | undefined;
  private closing: Promise<void> | undefined;

  constructor(options: HostOptions) {
    const parts = makeParts(options);
    this.parts = parts;
    this.clock = parts.clock;
    this.xen = parts.xen;
    this.store = parts.store;
    this.xs = parts.xs;
    this.consoles = parts.consoles;
    this.cpus = parts.cpus;
    this.disks = parts.disks;
    this.vifs = parts.vifs;
    this.net = parts.network;
    this.scsi = parts.scsi;
    this.networks = parts.network.networks;
    this.xenbusEvents = parts.buses.events;
    this.log = this.lines.asObservable();
    this.subscriptions.push(parts.network.log.subscribe((line) => this.lines.next(line)));
    this.subscriptions.push(this.xen.domainEvents.subscribe((event) => this.onDomainEvent(event)));
    this.subscriptions.push(parts.referee.lines.subscribe((line) => this.tell(line)));
  }

  get breaches(): Observable<Breach> {
    return this.parts.referee.breaches;
  }

  get ledgers(): Observable<Ledger> {
    return this.parts.referee.ledgers;
  }

  get domainEvents(): Observable<DomainEvent> {
    return this.xen.domainEvents;
  }

  async start(xenstoreSocket: string | undefined): Promise<void> {
    this.xen.log('pvsim: a Xen host in one process');
    this.xen.log(`System RAM: ${this.xen.totalPages * MIB_PER_PAGE}MB`);
    await this.clock.drive(writeDom0Nodes(this.xs));
    this.parts.backends.start();
    await this.parts.network.open();
    if (xenstoreSocket !== undefined) this.socket = await listenOnSocket(this.store, xenstoreSocket);
  }

  parse(text: string, file = 'config'): DomainConfig {
    return domainConfig(parseConfig(text, file), {random: () => this.clock.random()});
  }

  async create(asked: DomainConfig | string, options: CreateOptions = {}): Promise<DomId> {
    const {paused = false, baseDir = process.cwd()} = options;
    if (this.closing !== undefined) throw new ToolstackError('ESHUTDOWN', 'the host is shutting down');
    const config = typeof asked === 'string' ? this.parse(asked) : asked;
    if (config.warmImage !== undefined) {
      const image = resolve(baseDir, config.warmImage);
      await checkWarmImage(image);
      return this.restore(image, config, options);
    }
    return this.clock.drive(this.parts.lifecycle.create({config, baseDir, paused}));
  }

  /** Suspends the domain and writes it to `file`; what becomes of it then is `leave`. */
  async save(domid: DomId, file: string, options: SaveOptions = {}): Promise<HeaderInfo> {
    const {clock, xen} = this;
    const {lifecycle, ramDiskOf} = this.parts;
    const parts = {clock, xen, xs: this.xs, ramDisk: ramDiskOf, destroy: (id: DomId) => lifecycle.destroy(id)};
    return clock.drive(saveDomain(parts, this.parts.records.get(domid), file, options));
  }

  /** Makes a domain that goes on where another was saved; `config` is in place of that one's. */
  async restore(file: string, config?: DomainConfig, options: CreateOptions = {}): Promise<DomId> {
    const {paused = false} = options;
    if (this.closing !== undefined) throw new ToolstackError('ESHUTDOWN', 'the host is shutting down');
    return this.clock.drive(restoreDomain(this.parts.lifecycle, file, {config, paused, baseDir: options.baseDir}));
  }

  domains(): DomainSummary[] {
    return Array.from(this.xen.domainTable.values(), (info) =>
      summarize(this.xen, info, this.parts.names.nameOf(info.domid)),
    ).sort((a, b) => a.domid - b.domid);
  }

  resolve(nameOrId: string): DomId | undefined {
    return this.parts.names.resolve(nameOrId);
  }

  config(domid: DomId): DomainConfig {
    return this.parts.records.get(domid).config;
  }

  setConfig(domid: DomId, config: DomainConfig): void {
    const record = this.parts.records.get(domid);
    const {name, uuid} = record.config;
    record.config = {...config, name, uuid};
  }

  nameOf(domid: DomId): string | undefined {
    return this.xen.domain(domid) === undefined ? undefined : this.parts.names.nameOf(domid);
  }

  bridge(name: string): Bridge {
    return this.parts.network.bridge(name);
  }

  /** Puts an interface of dom0's on a bridge: what it receives are its `frames`, and it sends as that port. */
  plug(bridge: string, options: PlugOptions = {}): BridgeInterface {
    return this.parts.network.plug(bridge, options);
  }

  /** The upcalls of one of a domain's ports, as they happen. */
  upcalls(domid: DomId, port: number): Observable<void> {
    return upcallsOf(this.domain(domid), port);
  }

  /** Counters of a domain and its backends, now and then every `periodNs`, until it is gone. */
  statistics(domid: DomId, periodNs = NS_PER_S): Observable<DomainStatistics> {
    const record = this.parts.records.get(domid);
    return periodically(this.clock, periodNs, () => {
      const domain = this.xen.domain(domid);
      if (domain === undefined || this.parts.records.find(domid) !== record) return undefined;
      return this.sample(record, domain);
    });
  }

  /** What the store sends to its watchers, a batch for each request that fires some. */
  get watchEvents(): Observable<readonly WatchEvent[]> {
    return this.store.events$;
  }

  pause(domid: DomId): void {
    // Nobody would be left to serve the others, or to unpause it. @see XEN_DOMCTL_pausedomain of the caller's own domain
    if (domid === DOM0) throw new ToolstackError('EINVAL', 'libxl: error: Domain 0:Pausing domain: Invalid argument');
    this.xen.pause(this.domain(domid));
  }

  unpause(domid: DomId): void {
    this.xen.unpause(this.domain(domid));
  }

  async shutdown(domid: DomId, trigger: ShutdownTrigger): Promise<void> {
    const record = this.parts.records.get(domid);
    if (record.destroying !== undefined) throw noDomain(domid);
    return this.clock.drive(this.parts.control.requestShutdown(record, trigger));
  }

  waitShutdown(domid: DomId): Promise<number | undefined> {
    const info = this.xen.domainTable.get(domid);
    if (info === undefined || info.shutdown) return Promise.resolve(info?.shutdownReason);
    const end = this.xen.domainEvents.pipe(
      filter((event) => event.domid === domid && (event.type === 'shutdown' || event.type === 'destroyed')),
      map((event) => event.info.shutdownReason),
    );
    return this.clock.drive(firstValueFrom(end, {defaultValue: undefined}));
  }

  async waitConnected(domid: DomId): Promise<void> {
    const connected = (value: string | undefined): boolean => parseState(value) === XenbusStateConnected;
    for (const device of this.parts.records.get(domid).devices.values()) {
      if (device.kind === 'console') continue;
      for (const path of [`${device.backendPath}/state`, `${device.frontendPath}/state`]) {
        const inTime = waitForNode(this.clock, this.xs, path, connected, CONNECT_TIMEOUT_NS);
        if (!(await this.clock.drive(inTime)))
          throw new ToolstackError('ETIMEDOUT', `${path} did not become Connected`);
      }
    }
  }

  async destroy(domid: DomId): Promise<void> {
    this.parts.records.get(domid);
    return this.clock.drive(this.parts.lifecycle.destroy(domid));
  }

  async rename(domid: DomId, name: string): Promise<void> {
    const record = this.parts.records.get(domid);
    return this.parts.records.change(record, () => this.parts.control.rename(record, name));
  }

  async suspend(domid: DomId): Promise<void> {
    return this.clock.drive(this.parts.control.suspend(this.parts.records.get(domid)));
  }

  async resume(domid: DomId): Promise<void> {
    const record = this.parts.records.get(domid);
    return this.parts.records.change(record, () => this.parts.control.resume(record));
  }

  async setMemoryTarget(domid: DomId, targetKib: number): Promise<void> {
    refuseDom0Balloon(domid);
    const record = this.parts.records.get(domid);
    return this.parts.records.change(record, () => this.parts.memory.setTarget(record, targetKib));
  }

  async sendSysrq(domid: DomId, letter: string): Promise<void> {
    const record = this.parts.records.get(domid);
    return this.parts.records.change(record, () => this.parts.control.sendSysrq(record, letter));
  }

  async setMaxMemory(domid: DomId, maxKib: number): Promise<void> {
    refuseDom0Balloon(domid);
    const record = this.parts.records.get(domid);
    return this.parts.records.change(record, () => this.parts.memory.setMax(record, maxKib));
  }

  consoleOutput(
    domid: DomId,
    {scrollback = false, type = 'pv'}: {scrollback?: boolean; type?: ConsoleType} = {},
  ): Observable<Uint8Array> {
    return this.parts.consoleControl.output(domid, type, scrollback);
  }

  consoleInput(domid: DomId, data: Uint8Array, type: ConsoleType = 'pv'): void {
    this.parts.consoleControl.input(domid, type, data);
  }

  info(): HostInfo {
    return {
      hostname: hostname(),
      totalMemoryMib: Math.floor(this.xen.totalPages * MIB_PER_PAGE),
      freeMemoryMib: Math.floor(this.xen.freePages * MIB_PER_PAGE),
      nrCpus: this.xen.sched.cpus.length,
      freeCpus: this.xen.sched.freeCpus.length,
      scheduler: this.cpus.pools.list()[0].scheduler,
    };
  }

  top(): TopSample {
    return sampleTop({
      xen: this.xen,
      nrCpus: this.xen.sched.cpus.length,
      nameOf: (domid) => this.parts.names.nameOf(domid),
      statistics: (domain) => {
        const record = this.parts.records.find(domain.id);
        return record && this.sample(record, domain);
      },
    });
  }

  costs(): readonly Entry[] | undefined {
    return readLedger(this.xen);
  }

  debugKeys(keys: string): void {
    for (const key of keys) pressDebugKey(this.xen, key);
  }

  dmesg({clear = false} = {}): readonly string[] {
    const lines = [...this.xen.consoleLines];
    if (clear) this.xen.clearConsole();
    return lines;
  }

  close({graceNs = DEFAULT_GRACE_NS} = {}): Promise<void> {
    this.closing ??= this.clock.drive(this.stop(graceNs));
    return this.closing;
  }

  private async stop(graceNs: number): Promise<void> {
    this.parts.lifecycle.close();
    const stopGuest = async (record: DomainRecord): Promise<void> => {
      const mayListen = record.destroying === undefined && this.xen.domain(record.domid)?.runnable === true;
      if (mayListen) await this.parts.control.shutDownWithin(record, graceNs);
      await this.parts.lifecycle.destroy(record.domid);
    };
    // Driver domains last: what guests still hold goes to disks that these serve.
    await Promise.all(
      this.parts.records
        .all()
        .filter(({config}) => config.driverDomain !== true)
        .map(stopGuest),
    );
    await Promise.all(this.parts.records.all().map(stopGuest));
    this.parts.backends.stop();
    await this.parts.network.close();
    await imagesClosed();
    this.consoles.stop();
    this.parts.logs?.closeAll();
    await this.socket?.close();
    this.parts.referee.close();
    for (const subscription of this.subscriptions) subscription.unsubscribe();
    this.lines.complete();
    this.parts.buses.close();
    this.clock.close();
  }

  private onDomainEvent({type, domid, info}: DomainEvent): void {
    if (type === 'destroyed') this.parts.buses.forget(domid);
    if (type !== 'shutdown') return;
    this.store.domainShutdown(domid);
    const record = this.parts.records.find(domid);
    if (record === undefined || record.destroying !== undefined || this.closing !== undefined) return;
    const context = {
      clock: this.clock,
      lifecycle: this.parts.lifecycle,
      rename: (id: DomId, name: string) => this.parts.control.rename(this.parts.records.get(id), name),
      log: (line: string) => this.lines.next(line),
      keepLastWords: (dead: DomainRecord) => this.keepLastWords(dead),
    };
    const failed = (error: unknown): void => {
      this.lines.next(error instanceof Error ? error.message : String(error));
    };
    actOnShutdown(context, record, info.shutdownReason ?? SHUTDOWN_crash).catch(failed);
  }

  /** On the hypervisor's console, and in the log of the host. */
  private tell(line: string): void {
    this.xen.log(line);
    this.lines.next(line);
  }

  private keepLastWords({domid, config}: DomainRecord): void {
    const lines = lastWords(this.consoles.guest(domid)?.scrollback ?? new Uint8Array(), LAST_WORDS);
    if (lines.length > 0) this.xen.log(`Domain ${domid} (${config.name}) crashed, its console said last:`);
    for (const line of lines) this.xen.log(`d${domid}: ${line}`);
  }

  private sample(record: DomainRecord, domain: Domain): DomainStatistics {
    const devices = [...record.devices.values()];
    return sample(
      this.clock.now(),
      domain,
      devices.map((device) => [backendNode(device), this.parts.buses.backendOf(device)]),
    );
  }

  private domain(domid: DomId) {
    const domain = this.xen.domain(domid);
    if (domain === undefined) throw noDomain(domid);
    return domain;
  }
}

const refuseDom0Balloon = (domid: DomId): void => {
  if (domid === DOM0) throw new ToolstackError('EINVAL', "libxl: error: Domain 0:pvsim's dom0 has no balloon");
};

/** Starts a Xen host in this process. */
export const createHost = async (options: HostOptions = {}): Promise<XenHost> => {
  const host = new XenHost(options);
  await host.start(options.xenstoreSocket);
  return host;
};

export type {XenHost};
