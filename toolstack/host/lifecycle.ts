import {HVM_PARAM_CONSOLE_PFN, HVM_PARAM_CONSOLE_EVTCHN} from '../../hypervisor/abi/hvm/params.ts';
import type {ConsoleDaemon} from '../../backends/console/index.ts';
import type {Networks} from '../../backends/network/index.ts';
import type {GuestHandle, KernelOptions} from '../../frontends/guest/index.ts';
import {type Domain, type DomId, errnoName, type Hypervisor} from '../../hypervisor/index.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import {NS_PER_MS} from '../../hypervisor/schedule/index.ts';
import type {XsClient, Xenstored} from '../../hypervisor/xenstore/index.ts';
import {
  buildSpecialPages,
  consoleNodes,
  loadMachine,
  type Machine,
  removeDomainNodes,
  writeBuiltDomain,
  writeDomainSkeleton,
} from '../builder/index.ts';
import {type BootedFiles, runBootloader} from '../bootloader/index.ts';
import {type CompleteDomainConfig, type DomainConfig, parseVscsiSpec, withDomainDefaults} from '../config/index.ts';
import {ToolstackError} from '../errors.ts';
import type {ConsoleLogs} from './console-log.ts';
import type {CpuControl} from './cpus/index.ts';
import type {Devices} from './devices.ts';
import {diskTarget} from './disk-target.ts';
import type {Disks} from './disks.ts';
import type {Dom0} from './dom0.ts';
import {EXIT_CREATE_FAILED} from './hotplug.ts';
import {EmulatedDevices} from './hvm/emulated-devices.ts';
import {hardwareOf, hvmConfig} from './hvm/hvm-config.ts';
import {MAXMEM_SLACK_KIB} from './memory-control.ts';
import type {DomainRecords} from './domain-records.ts';
import type {Names} from './names.ts';
import type {RamDiskOf} from './ram-disks.ts';
import {type DomainRecord, exclusively} from './record.ts';
import type {SavedDomain} from './restore.ts';
import type {NewDevices} from './restore-devices.ts';
import type {Vscsi} from './scsi/vscsi.ts';
import type {Vifs} from './vifs.ts';

const KIB_PER_PAGE = PAGE_SIZE / 1024;
/** Rings, grant table, and the pages of a few devices. */
const MIN_MEMORY_KIB = 4096;

export interface LifecycleParts {
  xen: Hypervisor;
  store: Xenstored;
  xs: XsClient;
  dom0: Dom0;
  networks: Networks;
  newDevices: NewDevices;
  ramDisk: RamDiskOf;
  records: DomainRecords;
  devices: Devices;
  disks: Disks;
  vifs: Vifs;
  vscsi: Vscsi;
  consoles: ConsoleDaemon;
  logs: ConsoleLogs | undefined;
  names: Names;
  cpus: CpuControl;
  /** The domain has the referee's attention from its first device on. */
  watch: (domid: DomId) => void;
  /** A guest's kernel has started: its xenbus is worth following. */
  onBoot: (record: DomainRecord, guest: GuestHandle) => void;
  bootDriverDomain: (options: KernelOptions) => GuestHandle;
}

export interface CreateRequest {
  config: DomainConfig;
  baseDir: string;
  paused: boolean;
  /** It goes on where it was saved; otherwise its kernel boots. */
  saved?: SavedDomain;
}

/** Makes domains and takes them away, in libxl's steps. */
export class Lifecycle {
  private readonly parts: LifecycleParts;
  /** Names of domains that are in the making and may not be in xenstore yet. */
  private readonly reserved = new Set<string>();
  private closed = false;

  constructor(parts: LifecycleParts) {
    this.parts = parts;
  }

  async create(request: CreateRequest): Promise<DomId> {
    const {xen, names} = this.parts;
    const config = withDomainDefaults(request.config, {random: () => xen.schedule.random()});
    const {name} = config;
    if (names.byName(name) !== undefined || this.reserved.has(name)) {
      throw refusal('EEXIST', `Domain with name "${name}" already exists.`);
    }
    refuseForeignConfig(config);
    this.parts.cpus.poolFor(config);
    this.reserved.add(name);
    try {
      return await this.make(config, request);
    } finally {
      this.reserved.delete(name);
    }
  }

  private async make(asked: CompleteDomainConfig, request: CreateRequest): Promise<DomId> {
    const booted = request.saved === undefined ? await this.runBootloader(asked, request.baseDir) : undefined;
    try {
      return await this.makeBooted(asked, booted, request);
    } finally {
      await booted?.remove();
    }
  }

  /** What the config's bootloader takes off its first disk; undefined without a bootloader. */
  private async runBootloader(config: CompleteDomainConfig, baseDir: string): Promise<BootedFiles | undefined> {
    const {bootloader, bootloaderArgs = [], disks, cmdline} = config;
    if (bootloader === undefined) return undefined;
    const {schedule} = this.parts.xen;
    const target = disks.length === 0 ? undefined : diskTarget(disks[0], baseDir);
    const clock = schedule.mode === 'real' ? schedule : undefined;
    return runBootloader({bootloader, args: bootloaderArgs, target, cmdline, clock});
  }

  /** The record keeps the config that was asked for: a restart runs the bootloader again. */
  private async makeBooted(
    asked: CompleteDomainConfig,
    booted: BootedFiles | undefined,
    {baseDir, paused, saved}: CreateRequest,
  ): Promise<DomId> {
    const {xen} = this.parts;
    const {kernel, ramdisk, cmdline} = saved === undefined ? (booted ?? asked) : nothing;
    const config = {...asked, kernel, ramdisk, cmdline};
    const pages = saved?.state.pages ?? Math.ceil(config.memoryKib / KIB_PER_PAGE);
    const maxPages = Math.max(pages, Math.ceil(config.maxMemoryKib / KIB_PER_PAGE));
    const hvm = hvmConfig(config);
    const boot = {
      kernel: config.kernel ?? '',
      ramdisk: config.ramdisk,
      cmdline: config.cmdline ?? '',
      pages,
      maxPages,
      vcpus: config.maxVcpus,
      hvm: hvm && hardwareOf(hvm),
      baseDir,
      bootDriverDomain: this.parts.bootDriverDomain,
    };
    const machine = await xen.schedule.hold(saved?.machine() ?? loadMachine(boot));
    if (this.closed) throw refusal('ESHUTDOWN', 'the host is shutting down');
    const domain = this.allocate(config, {pages, maxPages, domid: saved?.state.domid}, machine);
    machine.attachIo?.(domain);
    const {dom0, networks} = this.parts;
    const emulated = hvm && new EmulatedDevices({xen, dom0: dom0.ops, networks}, domain, hvm);
    const record: DomainRecord = {
      domid: domain.id,
      config: asked,
      abi: machine.abi,
      baseDir,
      devices: new Map(),
      emulated,
      stopGuest: () => undefined,
      destroying: undefined,
      lastOperation: Promise.resolve(),
    };
    this.parts.records.add(record);
    if (asked.referee === true) this.parts.watch(domain.id);
    try {
      await exclusively(record, () => this.build(record, domain, config, machine));
      refuseDestroyed(record);
      if (saved !== undefined) {
        await saved.fillDisks((vdev) => this.parts.ramDisk(record, vdev));
        this.parts.newDevices.expect(record);
      }
    } catch (error) {
      await this.destroy(domain.id);
      throw error;
    }
    if (!paused) xen.unpause(domain);
    return domain.id;
  }

  /** No domain is made from now on; those being made come to an end by `destroy`. */
  close(): void {
    this.closed = true;
  }

  /** Takes the domain away, whatever its state. Resolves when nothing of it is left. */
  destroy(domid: DomId): Promise<void> {
    const record = this.parts.records.find(domid);
    if (record === undefined) return Promise.resolve();
    record.destroying ??= exclusively(record, () => this.teardown(record));
    return record.destroying;
  }

  private allocate(
    config: CompleteDomainConfig,
    {pages, maxPages, domid}: {pages: number; maxPages: number; domid: DomId | undefined},
    machine: Machine,
  ): Domain {
    const {xen} = this.parts;
    const domain = xen.createDomain({
      domid,
      pages,
      maxPages: maxPages + MAXMEM_SLACK_KIB / KIB_PER_PAGE,
      podPages: machine.podPages,
      vcpus: config.maxVcpus,
      handle: config.uuid,
      maxGrantVersion: config.maxGrantVersion,
      abi: machine.abi,
      memory: machine.memory,
      vcpu: (owner, index) => machine.createVcpu(xen, owner, index),
    });
    if (typeof domain !== 'number') return domain;
    const have = Math.floor((xen.freePages * KIB_PER_PAGE) / 1024);
    throw errnoName(domain) === 'ENOMEM'
      ? refusal('ENOMEM', `memory=${config.memoryKib / 1024}: Cannot allocate memory (${have} MiB are free)`)
      : refusal(errnoName(domain), `cannot make domain: ${errnoName(domain)}`);
  }

  private async build(
    record: DomainRecord,
    domain: Domain,
    config: CompleteDomainConfig,
    machine: Machine,
  ): Promise<void> {
    const {xen, xs, dom0, devices, disks, vifs, vscsi, consoles, logs} = this.parts;
    const {domid} = record;
    const {name, uuid, type} = config;
    this.parts.cpus.place(domid, config);
    await writeDomainSkeleton(xs, {domid, name, uuid, type, driverDomain: config.driverDomain === true});
    const special = buildSpecialPages(xen, dom0.domain, domain, machine.frames);
    const startSeconds = (xen.schedule.epochMs + xen.schedule.now() / 1e6) / 1000;
    await writeBuiltDomain(xs, {
      domid,
      uuid,
      memoryKib: config.memoryKib,
      maxMemoryKib: config.maxMemoryKib,
      vcpus: config.vcpus,
      maxVcpus: config.maxVcpus,
      storePort: special.storePort,
      storeGfn: special.storeGfn,
      kernel: config.kernel,
      ramdisk: config.ramdisk,
      cmdline: config.cmdline,
      startTime: startSeconds.toFixed(2),
    });
    await xs.introduce(domid, special.storeGfn, special.storePort);
    for (const disk of config.disks) {
      refuseDestroyed(record);
      await disks.attach(record, disk, record.baseDir);
    }
    const consolePage = domain.hvmParams.get(HVM_PARAM_CONSOLE_PFN) ?? 0;
    const consolePort = domain.hvmParams.get(HVM_PARAM_CONSOLE_EVTCHN) ?? 0;
    await devices.write(record, consoleNodes(domid, consolePage, consolePort));
    consoles.add(domid);
    for (const vif of config.vifs) {
      refuseDestroyed(record);
      await vifs.attach(record, vif);
    }
    await vscsi.build(record, (config.vscsi ?? []).map(parseVscsiSpec), record.baseDir);
    record.emulated?.turnOn();
    logs?.open(domid, name);
    machine.boot(xen, domain, {cmdline: config.cmdline ?? ''}, (guest) => {
      record.stopGuest = () => {
        guest.stop();
        return this.waitUnmapped(domain);
      };
      this.parts.onBoot(record, guest);
    });
  }

  private async teardown(record: DomainRecord): Promise<void> {
    const {xen, store, xs, devices, consoles, logs} = this.parts;
    const {domid} = record;
    const domain = xen.domain(domid);
    // Paused first: a guest must not see its devices go one by one.
    if (domain !== undefined && !domain.paused) xen.pause(domain);
    await record.emulated?.close();
    await devices.destroyAll(record);
    await removeDomainNodes(xs, domid);
    await record.stopGuest();
    this.parts.newDevices.forget(domid);
    consoles.forget(domid);
    if (domain !== undefined) xen.destroy(domain);
    store.domainGone(domid);
    logs?.close(domid);
    this.parts.records.remove(domid);
  }

  /** Of a driver domain: slow operations still have pages of its guests, who must not get them back before these end. */
  private async waitUnmapped({maptrack}: Domain): Promise<void> {
    const {schedule} = this.parts.xen;
    while (maptrack.count > 0) await schedule.sleep(NS_PER_MS);
  }
}

/** What a domain is booted from that goes on where it was saved. */
const nothing: Partial<Pick<DomainConfig, 'kernel' | 'ramdisk' | 'cmdline'>> = {};

/** Somebody may destroy a domain that is still being made. */
const refuseDestroyed = ({domid, destroying}: DomainRecord): void => {
  if (destroying !== undefined) throw refusal('ESHUTDOWN', `Domain ${domid}:destroyed while being created`);
};

/** What this version cannot build. */
const refuseForeignConfig = ({memoryKib}: CompleteDomainConfig): void => {
  if (memoryKib < MIN_MEMORY_KIB) {
    throw refusal('EINVAL', `memory=${memoryKib / 1024}: a domain needs ${MIN_MEMORY_KIB / 1024} MiB at least`);
  }
};

const refusal = (code: string, reason: string, exitStatus = EXIT_CREATE_FAILED): ToolstackError =>
  new ToolstackError(code, `libxl: error: ${reason}`, exitStatus);
