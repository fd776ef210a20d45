import {hostname} from 'node:os';
import {resolve} from 'node:path';
import {filter, firstValueFrom, map, merge, type Observable, of, Subject, type Subscription} from 'rxjs';
import {blockBackend} from '../../backends/block/index.ts';
import {ConsoleDaemon} from '../../backends/console/index.ts';
import {netBackend} from '../../backends/net/index.ts';
import type {Bridge, BridgeInterface, Networks} from '../../backends/network/index.ts';
import {imagesClosed} from '../../backends/storage/index.ts';
import {XenbusStateConnected} from '../../hypervisor/abi/io/xenbus.ts';
import {SHUTDOWN_crash} from '../../hypervisor/abi/sched.ts';
import {pressDebugKey} from '../../hypervisor/debug-keys/index.ts';
import {DOM0, type Domain, type DomainEvent, type DomId, Hypervisor} from '../../hypervisor/index.ts';
import {NS_PER_S, realClock, type Schedule} from '../../hypervisor/schedule/index.ts';
import {parseState, XenbusBus} from '../../hypervisor/xenbus/index.ts';
import {
  type InProcessConnection,
  mapDomainRing,
  type RequestTrace,
  SyncXs,
  type WatchEvent,
  XsClient,
  Xenstored,
} from '../../hypervisor/xenstore/index.ts';
import {listenOnSocket, type XenstoreSocket} from '../../hypervisor/xenstore/socket.ts';
import {type DomainConfig, domainConfig, parseConfig, VIF_DEFAULTS, vdevToNumber} from '../config/index.ts';
import {ToolstackError} from '../errors.ts';
import type {
  BridgeConfig,
  CreateOptions,
  DomainSummary,
  Host,
  HostBusEvent,
  HostInfo,
  HostOptions,
  PlugOptions,
  ShutdownTrigger,
} from './api.ts';
import {backendDomainFinder} from './backend-domain.ts';
import {ConsoleLogs} from './console-log.ts';
import {CpuControl} from './cpus/index.ts';
import {backendNode, DeviceBuses} from './device-buses.ts';
import {Devices} from './devices.ts';
import {DiskControl} from './disk-control.ts';
import {Disks} from './disks.ts';
import {createDom0, type Dom0, writeDom0Nodes} from './dom0.ts';
import {Dom0Network} from './dom0-network.ts';
import {DomainRecords, noDomain} from './domain-records.ts';
import {bootDriverDomain} from './driver-domain.ts';
import {GuestControl} from './guest-control.ts';
import {Hotplug} from './hotplug.ts';
import {lastWords} from './last-words.ts';
import {Lifecycle} from './lifecycle.ts';
import {MemoryControl} from './memory-control.ts';
import {Names} from './names.ts';
import type {RamDiskOf} from './ram-disks.ts';
import type {DomainRecord} from './record.ts';
import {checkWarmImage, restoreDomain} from './restore.ts';
import {NewDevices} from './restore-devices.ts';
import {type SaveOptions, saveDomain} from './save.ts';
import type {HeaderInfo} from './save-header.ts';
import {type DomainStatistics, periodically, sample, upcallsOf} from './observe.ts';
import {actOnShutdown} from './shutdown-actions.ts';
import {MIB_PER_PAGE, summarize} from './summary.ts';
import {sampleTop, type TopSample} from './top.ts';
import {ToolstackXs} from './toolstack-xs.ts';
import {VifControl} from './vif-control.ts';
import {Vifs} from './vifs.ts';
import {waitForNode} from './wait.ts';

/** One run queue serves all domains. */
const HOST_CPUS = [0];
const CONNECT_TIMEOUT_NS = 40 * NS_PER_S;
const DEFAULT_GRACE_NS = 10 * NS_PER_S;
/** Lines of a crashed guest's console: a panic's message and its call trace. */
const LAST_WORDS = 60;

const DEFAULT_BRIDGES: readonly BridgeConfig[] = [{name: VIF_DEFAULTS.bridge, dom0Address: '10.0.0.254'}];

class XenHost implements Host {
  readonly clock: Schedule;
  readonly xen: Hypervisor;
  readonly store: Xenstored;
  readonly xs: XsClient;
  readonly consoles: ConsoleDaemon;
  readonly cpus: CpuControl;
  readonly disks: DiskControl;
  readonly vifs: VifControl;
  readonly xenbusEvents: Observable<HostBusEvent>;
  readonly log: Observable<string>;
  private readonly dom0: Dom0;
  private readonly backends: XenbusBus;
  private readonly buses: DeviceBuses;
  private readonly records: DomainRecords;
  private readonly network: Dom0Network;
  private readonly lifecycle: Lifecycle;
  private readonly newDevices: NewDevices;
  private readonly ramDiskOf: RamDiskOf;
  private readonly names: Names;
  private readonly control: GuestControl;
  private readonly memory: MemoryControl;
  private readonly logs: ConsoleLogs | undefined;
  private readonly lines = new Subject<string>();
  private readonly subscriptions: Subscription[] = [];
  private socket: XenstoreSocket | undefined;
  private closing: Promise<void> | undefined;

  constructor(options: HostOptions) {
    this.clock = options.clock ?? realClock();
    this.xen = new Hypervisor({schedule: this.clock, memoryMib: options.memoryMib, faults: options.faults});
    this.dom0 = createDom0(this.xen);
    const {ops} = this.dom0;
    this.store = new Xenstored({
      domainExists: (domid) => this.xen.domain(domid) !== undefined,
      introduceHook: (domid, _gfn, port) => mapDomainRing(ops, domid, port, () => this.store.onEvent(domid)),
      defer: (task) => this.clock.post(task),
      onRequest: (request) => {
        this.traceRequest(request);
        this.newDevices.onRequest(request);
      },
      conflictFault: () => this.xen.faults.active && this.xen.faults.hit('storeConflict'),
    });
    this.xs = new XsClient(this.connect('dom0'));
    const toolstackXs = new ToolstackXs(this.connect('toolstack'));
    this.newDevices = new NewDevices(toolstackXs);
    const bridges = options.bridges ?? DEFAULT_BRIDGES;
    this.network = new Dom0Network(ops, bridges, () => this.clock.random());
    const {networks} = this.network;
    this.logs = options.logDir === undefined ? undefined : new ConsoleLogs(options.logDir);
    this.consoles = new ConsoleDaemon({
      ops,
      xs: new XsClient(this.connect('xenconsoled')),
      log: (domid, bytes) => this.logs?.write(domid, bytes),
    });
    const hotplug = new Hotplug({
      clock: this.clock,
      xs: new XsClient(this.connect('hotplug')),
      hasBridge: (name) => networks.bridge(name) !== undefined,
      fileCalls: options.fileCalls,
    });
    this.backends = new XenbusBus(ops, new XsClient(this.connect('dom0-kernel')), 'backend', [
      blockBackend({open: hotplug.takeDisk, features: options.diskFeatures}),
      netBackend({networks}),
    ]);
    this.ramDiskOf = ({devices}, vdev) => {
      const device = [...devices.values()].find(({kind, devid}) => kind === 'vbd' && devid === vdevToNumber(vdev));
      return device && hotplug.ramDisk(device);
    };
    this.names = new Names(new SyncXs(this.connect('toolstack')), () => this.xen.domainTable.keys());
    this.records = new DomainRecords(this.clock);
    this.buses = new DeviceBuses(this.backends);
    const {clock, records, buses, ramDiskOf} = this;
    const devices = new Devices(clock, toolstackXs, hotplug);
    const findBackend = backendDomainFinder(this.names, (domid) => records.find(domid));
    const deviceParts = {clock, xs: toolstackXs, devices, hotplug, findBackend};
    const disks = new Disks(deviceParts);
    const vifs = new Vifs(deviceParts);
    this.disks = new DiskControl({clock, records, buses, devices, disks, ramDiskOf});
    this.vifs = new VifControl({clock, records, buses, devices, vifs});
    this.control = new GuestControl(this.clock, this.xen, toolstackXs, this.names);
    this.memory = new MemoryControl(this.xen, toolstackXs);
    this.cpus = new CpuControl({
      xen: this.xen,
      xs: toolstackXs,
      hostCpus: HOST_CPUS,
      nameOf: (domid) => this.names.nameOf(domid),
    });
    this.lifecycle = new Lifecycle({
      xen: this.xen,
      store: this.store,
      xs: toolstackXs,
      newDevices: this.newDevices,
      ramDisk: ramDiskOf,
      dom0: this.dom0,
      records,
      devices,
      disks,
      vifs,
      consoles: this.consoles,
      logs: this.logs,
      names: this.names,
      cpus: this.cpus,
      onBoot: ({domid}, {bus}) => buses.addFrontends(domid, bus),
      bootDriverDomain: (kernel) => {
        const {diskFeatures, fileCalls} = options;
        const guest = bootDriverDomain(kernel, {
          clock,
          bridges: bridges.map(({name}) => name),
          diskFeatures,
          fileCalls,
        });
        buses.addBackends(kernel.ops.domid, guest.backends);
        return guest;
      },
    });
    this.xenbusEvents = buses.events;
    this.log = this.lines.asObservable();
    this.subscriptions.push(this.xen.domainEvents.subscribe((event) => this.onDomainEvent(event)));
  }

  get domainEvents(): Observable<DomainEvent> {
    return this.xen.domainEvents;
  }

  async start(xenstoreSocket: string | undefined): Promise<void> {
    this.xen.log('pvsim: a Xen host in one process');
    this.xen.log(`System RAM: ${this.xen.totalPages * MIB_PER_PAGE}MB`);
    await this.clock.drive(writeDom0Nodes(this.xs));
    this.backends.start();
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
    return this.clock.drive(this.lifecycle.create({config, baseDir, paused}));
  }

  /** Suspends the domain and writes it to `file`; what becomes of it then is `leave`. */
  async save(domid: DomId, file: string, options: SaveOptions = {}): Promise<HeaderInfo> {
    const {clock, xen, lifecycle} = this;
    const parts = {clock, xen, xs: this.xs, ramDisk: this.ramDiskOf, destroy: (id: DomId) => lifecycle.destroy(id)};
    return clock.drive(saveDomain(parts, this.records.get(domid), file, options));
  }

  /** Makes a domain that goes on where another was saved; `config` is in place of that one's. */
  async restore(file: string, config?: DomainConfig, options: CreateOptions = {}): Promise<DomId> {
    const {paused = false} = options;
    if (this.closing !== undefined) throw new ToolstackError('ESHUTDOWN', 'the host is shutting down');
    return this.clock.drive(restoreDomain(this.lifecycle, file, {config, paused, baseDir: options.baseDir}));
  }

  domains(): DomainSummary[] {
    return Array.from(this.xen.domainTable.values(), (info) =>
      summarize(this.xen, info, this.names.nameOf(info.domid)),
    ).sort((a, b) => a.domid - b.domid);
  }

  resolve(nameOrId: string): DomId | undefined {
    return this.names.resolve(nameOrId);
  }

  config(domid: DomId): DomainConfig {
    return this.records.get(domid).config;
  }

  setConfig(domid: DomId, config: DomainConfig): void {
    const record = this.records.get(domid);
    const {name, uuid} = record.config;
    record.config = {...config, name, uuid};
  }

  nameOf(domid: DomId): string | undefined {
    return this.xen.domain(domid) === undefined ? undefined : this.names.nameOf(domid);
  }

  bridge(name: string): Bridge {
    return this.network.bridge(name);
  }

  /** Puts an interface of dom0's on a bridge: what it receives are its `frames`, and it sends as that port. */
  plug(bridge: string, options: PlugOptions = {}): BridgeInterface {
    return this.network.plug(bridge, options);
  }

  /** The upcalls of one of a domain's ports, as they happen. */
  upcalls(domid: DomId, port: number): Observable<void> {
    return upcallsOf(this.domain(domid), port);
  }

  /** Counters of a domain and its backends, now and then every `periodNs`, until it is gone. */
  statistics(domid: DomId, periodNs = NS_PER_S): Observable<DomainStatistics> {
    const record = this.records.get(domid);
    return periodically(this.clock, periodNs, () => {
      const domain = this.xen.domain(domid);
      if (domain === undefined || this.records.find(domid) !== record) return undefined;
      return this.sample(record, domain);
    });
  }

  get networks(): Networks {
    return this.network.networks;
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
    const record = this.records.get(domid);
    if (record.destroying !== undefined) throw noDomain(domid);
    return this.clock.drive(this.control.requestShutdown(record, trigger));
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
    for (const device of this.records.get(domid).devices.values()) {
      if (device.kind === 'console') continue;
      for (const path of [`${device.backendPath}/state`, `${device.frontendPath}/state`]) {
        const inTime = waitForNode(this.clock, this.xs, path, connected, CONNECT_TIMEOUT_NS);
        if (!(await this.clock.drive(inTime)))
          throw new ToolstackError('ETIMEDOUT', `${path} did not become Connected`);
      }
    }
  }

  async destroy(domid: DomId): Promise<void> {
    this.records.get(domid);
    return this.clock.drive(this.lifecycle.destroy(domid));
  }

  async rename(domid: DomId, name: string): Promise<void> {
    const record = this.records.get(domid);
    return this.records.change(record, () => this.control.rename(record, name));
  }

  async suspend(domid: DomId): Promise<void> {
    return this.clock.drive(this.control.suspend(this.records.get(domid)));
  }

  async resume(domid: DomId): Promise<void> {
    const record = this.records.get(domid);
    return this.records.change(record, () => this.control.resume(record));
  }

  async setMemoryTarget(domid: DomId, targetKib: number): Promise<void> {
    refuseDom0Balloon(domid);
    const record = this.records.get(domid);
    return this.records.change(record, () => this.memory.setTarget(record, targetKib));
  }

  async sendSysrq(domid: DomId, letter: string): Promise<void> {
    const record = this.records.get(domid);
    return this.records.change(record, () => this.control.sendSysrq(record, letter));
  }

  async setMaxMemory(domid: DomId, maxKib: number): Promise<void> {
    refuseDom0Balloon(domid);
    const record = this.records.get(domid);
    return this.records.change(record, () => this.memory.setMax(record, maxKib));
  }

  consoleOutput(domid: DomId, {scrollback = false} = {}): Observable<Uint8Array> {
    const console = this.consoles.guest(domid);
    if (console === undefined) {
      throw new ToolstackError('ENOENT', 'xenconsole: Could not read tty from store: No such file or directory');
    }
    const live = this.consoles.output.pipe(
      filter((chunk) => chunk.domid === domid),
      map(({bytes}) => bytes),
    );
    return scrollback ? merge(of(console.scrollback), live) : live;
  }

  consoleInput(domid: DomId, data: Uint8Array): void {
    this.consoles.write(domid, data);
  }

  info(): HostInfo {
    return {
      hostname: hostname(),
      totalMemoryMib: Math.floor(this.xen.totalPages * MIB_PER_PAGE),
      freeMemoryMib: Math.floor(this.xen.freePages * MIB_PER_PAGE),
      nrCpus: HOST_CPUS.length,
    };
  }

  top(): TopSample {
    return sampleTop({
      xen: this.xen,
      nrCpus: HOST_CPUS.length,
      nameOf: (domid) => this.names.nameOf(domid),
      statistics: (domain) => {
        const record = this.records.find(domain.id);
        return record && this.sample(record, domain);
      },
    });
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
    this.lifecycle.close();
    const stopGuest = async (record: DomainRecord): Promise<void> => {
      const mayListen = record.destroying === undefined && this.xen.domain(record.domid)?.runnable === true;
      if (mayListen) await this.control.shutDownWithin(record, graceNs);
      await this.lifecycle.destroy(record.domid);
    };
    // Driver domains last: what guests still hold goes to disks that these serve.
    await Promise.all(
      this.records
        .all()
        .filter(({config}) => config.driverDomain !== true)
        .map(stopGuest),
    );
    await Promise.all(this.records.all().map(stopGuest));
    this.backends.stop();
    await imagesClosed();
    this.consoles.stop();
    this.logs?.closeAll();
    await this.socket?.close();
    for (const subscription of this.subscriptions) subscription.unsubscribe();
    this.lines.complete();
    this.buses.close();
    this.clock.close();
  }

  private onDomainEvent({type, domid, info}: DomainEvent): void {
    if (type === 'destroyed') {
      this.cpus.forget(domid);
      this.buses.forget(domid);
    }
    if (type !== 'shutdown') return;
    this.store.domainShutdown(domid);
    const record = this.records.find(domid);
    if (record === undefined || record.destroying !== undefined || this.closing !== undefined) return;
    const context = {
      clock: this.clock,
      lifecycle: this.lifecycle,
      rename: (id: DomId, name: string) => this.control.rename(this.records.get(id), name),
      log: (line: string) => this.lines.next(line),
      keepLastWords: (dead: DomainRecord) => this.keepLastWords(dead),
    };
    const failed = (error: unknown): void => {
      this.lines.next(error instanceof Error ? error.message : String(error));
    };
    actOnShutdown(context, record, info.shutdownReason ?? SHUTDOWN_crash).catch(failed);
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
      devices.map((device) => [backendNode(device), this.buses.backendOf(device)]),
    );
  }

  /** Dom0's programs have a connection each, as in a real dom0: watchers and traces tell them apart. */
  private connect(label: string): InProcessConnection {
    return this.store.connectInProcess(DOM0, label);
  }

  private traceRequest({connection, domId, txId, type, payload, reply}: RequestTrace): void {
    if (!this.xen.trace.on) return;
    const plain = (text: string): string => JSON.stringify(text.replaceAll('\0', ' ').trimEnd());
    this.xen.trace.emit('xenstore_request', domId, connection, txId, type, plain(payload), plain(String(reply)));
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
