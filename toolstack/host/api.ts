import type {Observable} from 'rxjs';
import type {BlockFeatures} from '../../backends/block/index.ts';
import type {NetBackend} from '../../backends/net/index.ts';
import type {BridgeAddress, FaultCounts, NetFaults} from '../../backends/network/index.ts';
import type {BusEvent} from '../../hypervisor/xenbus/index.ts';
import type {FileCalls} from '../../backends/storage/index.ts';
import type {Entry} from '../../hypervisor/cost/index.ts';
import type {DomainEvent, DomainInfo, DomId, Hypervisor} from '../../hypervisor/index.ts';
import type {PolicyName} from '../../hypervisor/sched/index.ts';
import type {FaultRates, Schedule} from '../../hypervisor/schedule/index.ts';
import type {XsClient} from '../../hypervisor/xenstore/index.ts';
import type {DiskConfig, DomainConfig, VifConfig} from '../config/index.ts';
import type {IscsiServer, Listen, NbdServer} from '../export/index.ts';
import type {Breach, Ledger} from '../referee/index.ts';
import type {SaveOptions} from './save.ts';
import type {HeaderInfo} from './save-header.ts';
import type {CpuControl} from './cpus/index.ts';
import type {TopSample} from './top.ts';

export interface BridgeConfig {
  name: string;
  /** Dom0's IPv4 address there, of a /24 unless it says another; none: dom0 is not on it. Dom0 routes between its networks. */
  dom0Address?: string;
  /** The bridge of a NAT network, for vif-nat: dom0 gives the guests behind this address theirs. Its uplinks are outside. */
  nat?: string;
  /** What goes wrong at each of its ports: "loss=1% delay=5ms". @see docs/network.md, "Faults" */
  faults?: string;
  /** Other programs on it: "stream:PATH", "listen:PATH" or "dgram:PATH,PEER-PATH". @see docs/network.md */
  uplinks?: readonly string[];
}

export interface HostOptions {
  /** realClock() by default; virtualClock(seed) for tests. */
  clock?: Schedule;
  /** CPUs that the host has, 1..64; one by default. They are simulated: all share one thread. */
  cpus?: number;
  /** Scheduler of the first pool, as Xen's `sched=`; credit2 by default. */
  scheduler?: PolicyName;
  /** Memory of the host, MiB. */
  memoryMib?: number;
  /** Bridges; xenbr0 with dom0 at 10.0.0.254 by default. NAT networks come with the first guest or uplink on them. */
  bridges?: readonly BridgeConfig[];
  /** Directory for the guests' console logs (guest-NAME.log); none: no log files. */
  logDir?: string;
  /** Path for xenstored's Unix socket; none: no socket. */
  xenstoreSocket?: string;
  faults?: Partial<FaultRates>;
  /** How image files are read and written: by node:fs, unless a test has slow or failing files. */
  fileCalls?: FileCalls;
  /** What blkback offers for every disk, where it is other than by default. */
  diskFeatures?: Partial<BlockFeatures>;
  /** Judges all that domains and backends do by the clauses of the protocols; otherwise only domains whose config asks for it. */
  referee?: boolean;
  /** Keeps a ledger of what I/O costs. @see docs/cost-model.md */
  ledger?: boolean;
}

export interface CreateOptions {
  /** Leave the domain paused (xl create -p). */
  paused?: boolean;
  /** Relative kernel and disk paths are resolved against this directory; the process's own by default. */
  baseDir?: string;
}

/** A domain as xl list shows it. */
export interface DomainSummary extends DomainInfo {
  name: string;
  memoryMib: number;
  /** Seconds of CPU time. */
  cpuSeconds: number;
  /** rbpscd with '-' for what it is not. */
  state: string;
  uptimeSeconds: number;
}

export interface DiskListing {
  vdev: number;
  backendDomid: number;
  /** Frontend's domid, xl's odd "handle" column. */
  handle: number;
  /** Frontend state; -1 when it cannot be read, as xl prints it. */
  state: number;
  evtch: number;
  ringRef: number;
  backendPath: string;
}

export interface VifListing {
  devid: number;
  backendDomid: number;
  mac: string;
  handle: number;
  state: number;
  evtch: number;
  txRingRef: number;
  rxRingRef: number;
  backendPath: string;
}

/** A SCSI unit of a domain. */
export interface VscsiListing {
  /** The guest's host, and the unit's number below its vscsi-devs. */
  vhost: number;
  index: number;
  backendDomid: number;
  /** Of the unit, at the backend. */
  state: number;
  /** h:c:t:l in dom0, and as the guest sees it. */
  pDev: string;
  vDev: string;
  /** What stands behind it: "disk:/path". */
  pDevname: string;
  backendPath: string;
}

export interface HostInfo {
  hostname: string;
  totalMemoryMib: number;
  freeMemoryMib: number;
  nrCpus: number;
  /** In no pool. */
  freeCpus: number;
  /** Of the first pool. */
  scheduler: string;
}

export type ShutdownTrigger = 'poweroff' | 'reboot' | 'halt' | 'suspend';

/** An interface of dom0's on a bridge, for a script that sends and receives frames. */
export interface PlugOptions {
  /** "tap0", "tap1", ... by default. */
  name?: string;
  /** "00:16:3e:..."; drawn from the host's seed by default. */
  mac?: string;
  /** Gets every frame on the bridge, not only those to its address. */
  promiscuous?: boolean;
}

/** The device of one end, with the domain whose xenbus it is on. */
export interface HostBusEvent extends BusEvent {
  domid: DomId;
}

/** Disks of running domains: `xl block-*` and `xl cd-*`, and exports. */
export interface HostDisks {
  attach(domid: DomId, disk: DiskConfig, baseDir?: string): Promise<void>;
  detach(domid: DomId, vdev: string, options?: {force?: boolean}): Promise<void>;
  /** Puts the medium into the drive of that vdev; an empty target takes out what is in there. ENODEV without such a drive. */
  changeMedium(domid: DomId, disk: DiskConfig, baseDir?: string): Promise<void>;
  list(domid: DomId): Promise<DiskListing[]>;
  /**
   * Exports a disk over NBD to clients on this machine; every request travels through the guest's frontend, which has to
   * be the built-in kernel's. ENODEV without one.
   */
  exportNbd(domid: DomId, vdev: string, listen: Listen): Promise<NbdServer>;
}

/** Faults of a network device: what is to go wrong, as text, and what has, in frames. */
export interface VifFaults extends FaultCounts {
  faults: string;
}

/** What a capture needs of a network device. */
export type CaptureVif = Pick<NetBackend, 'name' | 'mac' | 'packets'>;

/** Network interfaces of running domains: `xl network-*`, and captures. A device is known by its number or MAC address. */
export interface HostVifs {
  attach(domid: DomId, vif: VifConfig): Promise<void>;
  detach(domid: DomId, which: string): Promise<void>;
  list(domid: DomId): Promise<VifListing[]>;
  /** What a capture looks at: that device, or all. ENODEV without any. */
  captured(domid: DomId, which?: string): readonly CaptureVif[];
  /** Counters of a device by the names that `ethtool -S` has for them in a Linux dom0. */
  ethtool(domid: DomId, which: string): Record<string, number>;
  /** Plugs a device into its bridge or out of it; the guest sees its carrier. */
  setLink(domid: DomId, which: string, isUp: boolean): void;
  /** What goes wrong with frames of a device, and has. */
  faults(domid: DomId, which: string): VifFaults;
  /** What goes wrong from now on; {} for nothing. */
  setFaults(domid: DomId, which: string, faults: NetFaults): void;
}

/** A bridge, with what it knows. */
export interface BridgeListing {
  name: string;
  /** Frames from the port and to it; its faults as text. */
  ports: {name: string; inFrames: number; outFrames: number; faults: string}[];
  addresses: BridgeAddress[];
}

/** Networks of dom0. */
export interface HostNetworks {
  bridges(): BridgeListing[];
  /** EEXIST; EINVAL for what cannot be. When an uplink cannot have its socket the bridge stays, without it. */
  addBridge(config: BridgeConfig): Promise<void>;
}

/** SCSI units of running domains: `xl scsi-*`. */
export interface HostScsi {
  /** `spec` is an item of `vscsi`: "pdev, vdev, options". */
  attach(domid: DomId, spec: string, baseDir?: string): Promise<void>;
  /** `vdev` is h:c:t:l. ENODEV; ETIMEDOUT when the guest keeps the unit. */
  detach(domid: DomId, vdev: string, options?: {force?: boolean}): Promise<void>;
  list(domid: DomId): Promise<VscsiListing[]>;
  /**
   * Exports the units of a host over iSCSI to initiators on this machine; every command travels through the guest's
   * frontend, which has to be the built-in kernel's. Each initiator that comes gets a domain of its own as long as there is
   * one. ENODEV without units.
   */
  exportIscsi(domids: readonly DomId[], vhost: number, listen: Listen): Promise<IscsiServer>;
}

/**
 * A Xen host: what the daemon serves and what a script or test gets from createHost(). Methods reject with
 * ToolstackError. In virtual time the clock runs while a call is awaited.
 */
/** `pv` by default; `serial` is an HVM guest's COM1. */
export type ConsoleType = 'pv' | 'serial';

export interface Host {
  readonly clock: Schedule;
  readonly xen: Hypervisor;
  /** Dom0's xenstore client. */
  readonly xs: XsClient;

  /** An xl.cfg as text, parsed as xl does; `file` names it in errors. ConfigError. */
  parse(text: string, file?: string): DomainConfig;
  /**
   * Builds the domain, attaches its devices and, unless paused, starts it. Nothing is left behind on failure. A text is
   * an xl.cfg.
   */
  create(config: DomainConfig | string, options?: CreateOptions): Promise<DomId>;
  /**
   * Asks the guest to suspend and writes it to `file`, as `xl save` does; then it is destroyed, or goes on. A guest that is
   * TypeScript cannot be saved. Until the file is whole there is none of that name.
   */
  save(domid: DomId, file: string, options?: SaveOptions): Promise<HeaderInfo>;
  /**
   * Makes a domain that goes on where another was saved, under a new domid, with its devices connected anew. `config` is
   * in place of the saved one, and may have more devices.
   */
  restore(file: string, config?: DomainConfig, options?: CreateOptions): Promise<DomId>;
  domains(): DomainSummary[];
  /** Digits only: that domid, whether it exists or not; else the domain of that name. */
  resolve(nameOrId: string): DomId | undefined;
  config(domid: DomId): DomainConfig;
  /** Replaces the config that the domain's next life is made of; its name and uuid stay. */
  setConfig(domid: DomId, config: DomainConfig): void;
  /** Name of a domain that exists. */
  nameOf(domid: DomId): string | undefined;
  pause(domid: DomId): void;
  unpause(domid: DomId): void;
  /** Asks the guest through control/shutdown and waits for its acknowledgement; ETIMEDOUT (libxl's -9) without one. */
  shutdown(domid: DomId, trigger: ShutdownTrigger): Promise<void>;
  /** Resolves with SHUTDOWN_* when the domain has shut down, or undefined when it was destroyed before. */
  waitShutdown(domid: DomId): Promise<number | undefined>;
  /** Resolves once every device of the domain is Connected on both ends. */
  waitConnected(domid: DomId): Promise<void>;
  destroy(domid: DomId): Promise<void>;
  rename(domid: DomId, name: string): Promise<void>;

  /** The guest suspends and stays in memory, as it is, until it is resumed. Of kernels of their own. */
  suspend(domid: DomId): Promise<void>;
  resume(domid: DomId): Promise<void>;

  /** Writes memory/target, which the guest's balloon driver follows. EINVAL beyond its memory/static-max. */
  setMemoryTarget(domid: DomId, targetKib: number): Promise<void>;
  /** Writes the letter to control/sysrq, where the guest's kernel looks. */
  sendSysrq(domid: DomId, letter: string): Promise<void>;
  /** What the domain may have at most. EINVAL below its target. */
  setMaxMemory(domid: DomId, maxKib: number): Promise<void>;

  readonly disks: HostDisks;
  readonly vifs: HostVifs;
  readonly net: HostNetworks;
  readonly scsi: HostScsi;
  /** vCPUs, CPU pools and schedulers. */
  readonly cpus: CpuControl;

  /** Console output as it comes, after `scrollback` bytes kept from before when asked for. */
  consoleOutput(domid: DomId, options?: {scrollback?: boolean; type?: ConsoleType}): Observable<Uint8Array>;
  consoleInput(domid: DomId, data: Uint8Array, type?: ConsoleType): void;

  info(): HostInfo;
  /** What xentop shows of all domains. */
  top(): TopSample;
  /** What I/O has cost, by device and side; undefined without HostOptions.ledger. Of domains that are there. */
  costs(): readonly Entry[] | undefined;
  /** Presses debug keys, one a character; what they show is in dmesg(). */
  debugKeys(keys: string): void;
  /** Lines of the hypervisor's console ring. */
  dmesg(options?: {clear?: boolean}): readonly string[];

  /** Life cycle steps of all domains. */
  readonly domainEvents: Observable<DomainEvent>;
  /** Devices of both ends as they come and go; each has its states as Observables. */
  readonly xenbusEvents: Observable<HostBusEvent>;
  /** Clauses that a domain or a backend broke, of what a referee watches. @see HostOptions.referee */
  readonly breaches: Observable<Breach>;
  /** What a watched domain has left behind, some time after its end. */
  readonly ledgers: Observable<Ledger>;
  /** Messages for the administrator: action on shutdown, refused devices. */
  readonly log: Observable<string>;

  /** Shuts guests down (at most `graceNs` each, all at once), destroys what is left, closes sockets and files. */
  close(options?: {graceNs?: number}): Promise<void>;
}
