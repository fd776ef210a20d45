import {HVM_PARAM_STORE_EVTCHN, HVM_PARAM_STORE_PFN} from '../../hypervisor/abi/hvm/params.ts';
import {SHUTDOWN_crash, SHUTDOWN_reboot} from '../../hypervisor/abi/sched.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {NS_PER_S, type TaskQueue} from '../../hypervisor/schedule/index.ts';
import {XenbusBus, type XenbusDriver} from '../../hypervisor/xenbus/index.ts';
import {openGuestRing, XsClient, XsError} from '../../hypervisor/xenstore/index.ts';
import type {BlockDevice, NetDevice} from '../api.ts';
import {HvcConsole} from '../console/index.ts';
import {startBalloon} from './balloon.ts';
import {burn} from './burn.ts';
import {type CommandLine, parseCommandLine} from './command-line.ts';
import {type ControlTarget, startControl} from './control.ts';
import {startCpuHotplug} from './cpu-hotplug.ts';
import {DeviceSet} from './device-set.ts';
import {builtinDrivers, type DeviceSinks} from './drivers.ts';
import {EmulatedHardware} from './emulated-hardware.ts';
import {formatSize} from './format.ts';
import {listInterrupts} from './interrupts.ts';
import {KernelLog} from './kernel-log.ts';
import type {InterruptLine, Machine} from './machine.ts';
import {ScsiDevices} from './scsi/index.ts';
import {formatMac, NetStack} from './net/index.ts';
import {NetworkSetup} from './network-setup.ts';
import {closeDevices, flushDisks, stopActions, type StopReason} from './shutdown.ts';
import {withTimeout} from './sleep.ts';
import {Tty} from './tty.ts';
import {waitForDevices} from './wait-devices.ts';

export interface KernelOptions {
  ops: HypervisorOps;
  /** The kernel command line: ip=, run=, hostname=. */
  cmdline?: string;
  /** The store; by default over the domain's own ring. */
  xs?: XsClient;
  /** Told of an error that crashes the domain; by default it just shuts down with SHUTDOWN_crash. */
  onFault?: (error: unknown) => void;
  drivers?: (sinks: DeviceSinks) => XenbusDriver[];
}

const KIB_PER_PAGE = PAGE_SIZE / 1024;
/** Unit in which Linux tells the size of a disk. */
const SECTOR_BYTES = 512;
/** Last words wait this long for the console daemon. */
const DRAIN_TIMEOUT_NS = NS_PER_S;

const forever = (): Promise<never> => new Promise(() => undefined);

/** The built-in guest kernel: console, store, devices, network and the way down. What runs on it is a shell or a program. */
export class Kernel implements Machine, ControlTarget {
  hostname = '(none)';
  readonly ops: HypervisorOps;
  readonly commandLine: CommandLine;
  readonly schedule: TaskQueue;
  readonly console: HvcConsole | undefined;
  readonly tty: Tty;
  readonly log: KernelLog;
  readonly xs: XsClient;
  readonly bus: XenbusBus;
  readonly blocks = new DeviceSet<BlockDevice>();
  readonly nics = new DeviceSet<NetDevice>();
  readonly net: NetStack;
  readonly scsi: ScsiDevices;
  readonly network: NetworkSetup;
  /** Called, and waited for, before devices are closed. */
  onStop: (reason: StopReason) => Promise<void> = () => Promise.resolve();
  private readonly hardware: EmulatedHardware | undefined;
  private readonly driverTypes: string[];
  private readonly onFault: (error: unknown) => void;
  private stopping = false;
  private dead = false;

  constructor(options: KernelOptions) {
    const {ops} = options;
    this.ops = ops;
    this.schedule = ops.schedule;
    this.commandLine = parseCommandLine(options.cmdline ?? '');
    this.onFault = options.onFault ?? (() => ops.shutdown(SHUTDOWN_crash));
    this.console = HvcConsole.connect(ops);
    this.tty = new Tty(this.console);
    this.log = new KernelLog(ops.schedule, (lines) => this.tty.notice(`${lines.join('\n')}\n`));
    this.scsi = new ScsiDevices(this.log, this.blocks);
    this.net = new NetStack(ops.schedule);
    this.network = new NetworkSetup({
      net: this.net,
      log: this.log,
      line: this.commandLine,
      hostname: () => this.hostname,
    });
    this.xs = options.xs ?? new XsClient(openStoreRing(ops));
    this.hardware = EmulatedHardware.find(ops, this.commandLine);
    const sinks: DeviceSinks = {
      onDisk: (disk) => this.addDisk(disk, 'blkfront'),
      onNic: (nic) => this.addNic(nic, 'netfront'),
      onScsiUnit: (unit) => this.scsi.add(unit),
    };
    const drivers = (options.drivers ?? builtinDrivers)(sinks).filter(
      ({type}) => this.hardware?.replaces(type) !== true,
    );
    this.driverTypes = drivers.map(({type}) => type);
    this.bus = new XenbusBus(ops, this.xs, 'frontend', drivers);
  }

  /** Boots, then runs `main`. What fails beyond repair crashes the domain. */
  async start(main: () => Promise<void>): Promise<void> {
    try {
      await this.boot();
      await main();
    } catch (error) {
      this.fail(error);
    }
  }

  memory(): {totalKib: number; freeKib: number} {
    const {memory, pages} = this.ops;
    const usedKib = (memory.populatedPages - pages.freePages) * KIB_PER_PAGE;
    const totalKib = this.ops.currentReservation() * KIB_PER_PAGE;
    return {totalKib, freeKib: Math.max(0, totalKib - usedKib)};
  }

  burn(ns: number, vcpu: number): Promise<void> {
    return burn(this.ops, ns, vcpu);
  }

  interrupts(): Promise<InterruptLine[]> {
    return listInterrupts(this.ops, this.bus);
  }

  async stop(reason: StopReason): Promise<never> {
    if (this.stopping) return forever();
    this.stopping = true;
    const {message, shutdownReason} = stopActions[reason];
    await this.onStop(reason);
    this.tty.hangUp();
    await flushDisks(this.blocks.list, this.schedule);
    await closeDevices(this.bus.devices, this.schedule, this.log);
    this.log.info(message);
    await this.drainConsole();
    this.ops.shutdown(shutdownReason);
    return forever();
  }

  disks(): readonly BlockDevice[] {
    return this.blocks.list;
  }

  restartAtOnce(): void {
    this.ops.shutdown(SHUTDOWN_reboot);
  }

  panic(reason: string): void {
    this.fail(reason);
  }

  /** Crashes the domain, with the reason on its console. */
  fail(error: unknown): void {
    if (this.dead) return;
    this.dead = true;
    this.stopping = true;
    this.tty.hangUp();
    this.log.info(`Kernel panic - not syncing: ${describe(error)}`);
    void this.drainConsole().then(() => this.onFault(error));
  }

  /** Lets go of everything: the domain is being destroyed. */
  close(): void {
    this.dead = true;
    this.stopping = true;
    this.bus.stop();
    this.xs.close();
  }

  private async boot(): Promise<void> {
    this.announce();
    this.hostname = this.commandLine.values.get('hostname') ?? (await this.readName());
    this.log.info(`xen: this is domain ${this.ops.domid} "${this.hostname}"`);
    await startControl(this.xs, this, (error) => this.onControlError(error));
    startBalloon(this.ops, this.xs, (error) => this.onControlError(error));
    await startCpuHotplug(this.ops, this.xs, this.log, (error) => this.onControlError(error));
    this.hardware?.unplug(this.log);
    this.bus.start();
    await this.hardware?.probe({
      onDisk: (disk) => this.addDisk(disk, 'ide'),
      onNic: (nic) => this.addNic(nic, 'pci'),
      pvNics: this.driverTypes.includes('vif') ? await this.countNics() : 0,
    });
    await waitForDevices({bus: this.bus, xs: this.xs, types: this.driverTypes, schedule: this.schedule, log: this.log});
    await this.network.settled();
  }

  private announce(): void {
    const {ops, log} = this;
    const {totalKib, freeKib} = this.memory();
    log.info(`pvsim built-in guest kernel (${ops.abi})`);
    log.info(`Command line: ${this.commandLine.text}`);
    log.info(`Memory: ${freeKib}K/${totalKib}K available`);
    log.info(
      `xenstore: ring at gfn ${ops.hvmParam(HVM_PARAM_STORE_PFN)}, port ${ops.hvmParam(HVM_PARAM_STORE_EVTCHN)}`,
    );
    if (this.console === undefined) log.info('hvc0: the builder gave no console ring');
    else log.info(`hvc0: ring at gfn ${this.console.gfn}, port ${this.console.port}`);
  }

  private async countNics(): Promise<number> {
    return ((await this.xs.directory('device/vif').catch(() => undefined)) ?? []).length;
  }

  private async readName(): Promise<string> {
    return (await this.xs.read('name').catch(() => undefined)) ?? `domain${this.ops.domid}`;
  }

  private addDisk(disk: BlockDevice, driver: string): void {
    const {name, sizeBytes, sectorSize, readonly} = disk;
    const mode = readonly ? 'read-only' : 'read-write';
    this.log.info(
      `${driver}: ${name}: ${sizeBytes / sectorSize} sectors of ${sectorSize} bytes (${formatSize(sizeBytes)}), ${mode}`,
    );
    this.blocks.add(disk);
    let sectors = sizeBytes / SECTOR_BYTES;
    disk.resized.subscribe((bytes) => {
      const before = sectors;
      sectors = bytes / SECTOR_BYTES;
      this.log.info(`${name}: detected capacity change from ${before} to ${sectors}`);
    });
    disk.removed.subscribe({complete: () => this.noteRemoval(`${driver}: ${name}: removed`)});
  }

  private addNic(nic: NetDevice, driver: string): void {
    this.log.info(`${driver}: ${nic.name}: ${formatMac(nic.mac)}, mtu ${nic.mtu}`);
    const attached = this.net.attach(nic);
    this.network.apply(attached);
    this.nics.add(nic);
    nic.removed.subscribe({complete: () => this.noteRemoval(`${driver}: ${nic.name}: removed`)});
  }

  private async drainConsole(): Promise<void> {
    await withTimeout(this.schedule, DRAIN_TIMEOUT_NS, this.tty.room(0));
  }

  private noteRemoval(message: string): void {
    if (!this.stopping) this.log.info(message);
  }

  /** A store that refuses a control node costs that control; anything else is our bug. */
  private onControlError(error: unknown): void {
    if (!(error instanceof XsError)) this.fail(error);
    else if (!this.dead) this.log.info(`xenbus: control: ${error.message}`);
  }
}

const openStoreRing = (ops: HypervisorOps): ReturnType<typeof openGuestRing> =>
  openGuestRing(ops, ops.hvmParam(HVM_PARAM_STORE_PFN), ops.hvmParam(HVM_PARAM_STORE_EVTCHN));

/** A program's stack helps its author; a reason of our own speaks for itself. */
const describe = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.stack ?? error.message;
};
