import {XenbusStateClosed, XenbusStateInitWait} from '../../hypervisor/abi/io/xenbus.ts';
import {DOM0, type DomId} from '../../hypervisor/index.ts';
import type {Schedule} from '../../hypervisor/schedule/index.ts';
import type {XsClient} from '../../hypervisor/xenstore/index.ts';
import {parseState} from '../../hypervisor/xenbus/index.ts';
import {type DeviceNodes, prune, removeDevice, vbdNodes, vifNodes, writeDevice} from '../builder/index.ts';
import {type DiskConfig, generateMac, VIF_DEFAULTS, type VifConfig, vdevToNumber} from '../config/index.ts';
import {ToolstackError} from '../errors.ts';
import type {DiskListing, VifListing} from './api.ts';
import {type FindBackendDomain, onlyDom0} from './backend-domain.ts';
import {diskTarget, refuseForeignDisk, refuseRamDisk, storageTarget} from './disk-target.ts';
import {EXIT_CREATE_FAILED, type Hotplug} from './hotplug.ts';
import type {DomainRecord} from './record.ts';
import {waitForNode} from './wait.ts';

/** libxl's patience with a backend, and with a guest that should let a device go. */
const BACKEND_TIMEOUT_NS = 40e9;
const DETACH_TIMEOUT_NS = 10e9;

/** Of what a driver domain says went wrong. */
const MAX_REASON = 500;

/** Attaches, lists and detaches the devices of domains, in libxl's steps. */
export class Devices {
  private readonly clock: Schedule;
  private readonly xs: XsClient;
  private readonly hotplug: Hotplug;
  private readonly findBackend: FindBackendDomain;

  constructor(clock: Schedule, xs: XsClient, hotplug: Hotplug, findBackend = onlyDom0) {
    this.clock = clock;
    this.xs = xs;
    this.hotplug = hotplug;
    this.findBackend = findBackend;
  }

  async attachDisk(record: DomainRecord, disk: DiskConfig, baseDir: string): Promise<void> {
    refuseForeignDisk(disk);
    const target = storageTarget(disk, diskTarget(disk, baseDir));
    const backendDomid = this.findBackend(`Disk vdev=${disk.vdev}`, disk.backend);
    refuseOwnBackend(record, backendDomid);
    if (backendDomid !== DOM0) refuseRamDisk(disk, target);
    const device = vbdNodes(record.domid, disk, target, record.abi, backendDomid);
    refuseSecond(record, device);
    if (backendDomid === DOM0) await this.hotplug.openDisk(device, disk, target);
    await this.attach(record, device, () => this.hotplug.block(device));
  }

  /** Puts another medium into a drive, or takes it out when the target is empty. ENODEV when there is no such drive. */
  async changeMedium(record: DomainRecord, disk: DiskConfig, baseDir: string): Promise<void> {
    const {domid, devices} = record;
    const devid = vdevToNumber(disk.vdev);
    const isDrive = ({kind, devid: number, frontend}: DeviceNodes): boolean =>
      kind === 'vbd' &&
      number === devid &&
      frontend.some(([name, value]) => name === 'device-type' && value === 'cdrom');
    const drive = [...devices.values()].find(isDrive);
    if (drive === undefined) {
      throw new ToolstackError('ENODEV', `libxl: error: Domain ${domid}:Virtual device not found`);
    }
    const target = storageTarget(disk, diskTarget(disk, baseDir));
    if (target !== '') {
      refuseForeignDisk(disk);
      if (drive.backendDomid === DOM0) await this.hotplug.openDisk(drive, disk, target);
      else refuseRamDisk(disk, target);
    }
    await this.xs.write(`${drive.backendPath}/params`, target);
  }

  /** Returns the interface as it was attached, with its number and address. */
  async attachVif(record: DomainRecord, vif: VifConfig): Promise<VifConfig> {
    const bridge = vif.bridge ?? VIF_DEFAULTS.bridge;
    const mac = vif.mac ?? generateMac(() => this.clock.random());
    const devid = vif.devid ?? freeDevid(record, 'vif');
    const backendDomid = this.findBackend(`vif ${devid}`, vif.backend);
    refuseOwnBackend(record, backendDomid);
    if (backendDomid === DOM0) this.hotplug.checkVif(record.domid, bridge);
    const device = vifNodes(record.domid, devid, {...vif, bridge, mac}, backendDomid);
    refuseSecond(record, device);
    await this.attach(record, device, () => this.hotplug.vif(device));
    return {...vif, devid, mac};
  }

  /** Writes a device that has no hotplug and no backend to wait for, as the console. */
  async write(record: DomainRecord, device: DeviceNodes): Promise<void> {
    record.devices.set(device.backendPath, device);
    await writeDevice(this.xs, device);
  }

  /** libxl's orderly removal; ETIMEDOUT when the guest keeps the device. */
  async detach(record: DomainRecord, device: DeviceNodes, force: boolean): Promise<void> {
    await this.requestClose(device, false);
    const closed = force || (await this.waitClosed(device, DETACH_TIMEOUT_NS));
    if (!closed) {
      const path = device.backendPath;
      throw new ToolstackError(
        'ETIMEDOUT',
        `libxl: error: Domain ${record.domid}:unable to remove device with path ${path}`,
      );
    }
    await this.forget(record, device);
  }

  /**
   * Removal of all devices of a domain that is going away: its end of each first, then the backends are waited for, all
   * at once. The console has no driver to wait for.
   */
  async destroyAll(record: DomainRecord): Promise<void> {
    const waiting: DeviceNodes[] = [];
    for (const device of record.devices.values()) {
      if (device.kind === 'console') {
        await this.forget(record, device);
        continue;
      }
      await this.requestClose(device, true);
      waiting.push(device);
    }
    const finish = async (device: DeviceNodes): Promise<void> => {
      await this.waitClosed(device, DETACH_TIMEOUT_NS);
      await this.forget(record, device);
    };
    await Promise.all(waiting.map(finish));
  }

  findDisk(record: DomainRecord, vdev: string): DeviceNodes {
    const devid = vdevToNumber(vdev);
    for (const device of record.devices.values()) if (device.kind === 'vbd' && device.devid === devid) return device;
    throw new ToolstackError('ENODEV', `Error: Device ${vdev} not connected.`);
  }

  findVif(record: DomainRecord, which: string): DeviceNodes {
    const mac = which.toLowerCase();
    for (const device of record.devices.values()) {
      if (device.kind !== 'vif') continue;
      if (String(device.devid) === which || device.frontend.some(([name, value]) => name === 'mac' && value === mac)) {
        return device;
      }
    }
    throw new ToolstackError('ENODEV', `Unknown device ${which}.`);
  }

  async listDisks(record: DomainRecord): Promise<DiskListing[]> {
    const rows: DiskListing[] = [];
    for (const device of record.devices.values()) {
      if (device.kind !== 'vbd') continue;
      rows.push({
        vdev: device.devid,
        backendDomid: device.backendDomid,
        handle: record.domid,
        state: await this.number(`${device.frontendPath}/state`),
        evtch: await this.number(`${device.frontendPath}/event-channel`),
        ringRef: await this.number(`${device.frontendPath}/ring-ref`),
        backendPath: device.backendPath,
      });
    }
    return rows;
  }

  async listVifs(record: DomainRecord): Promise<VifListing[]> {
    const rows: VifListing[] = [];
    for (const device of record.devices.values()) {
      if (device.kind !== 'vif') continue;
      rows.push({
        devid: device.devid,
        backendDomid: device.backendDomid,
        mac: (await this.xs.read(`${device.frontendPath}/mac`)) ?? '',
        handle: device.devid,
        state: await this.number(`${device.frontendPath}/state`),
        evtch: await this.number(`${device.frontendPath}/event-channel`),
        txRingRef: await this.number(`${device.frontendPath}/tx-ring-ref`),
        rxRingRef: await this.number(`${device.frontendPath}/rx-ring-ref`),
        backendPath: device.backendPath,
      });
    }
    return rows;
  }

  /** All of it, or nothing: what fails is taken away again. */
  private async attach(record: DomainRecord, device: DeviceNodes, runScript: () => Promise<void>): Promise<void> {
    record.devices.set(device.backendPath, device);
    try {
      await writeDevice(this.xs, device);
      await this.waitReady(record, device);
      await (device.backendDomid === DOM0 ? runScript() : this.waitScript(record, device));
    } catch (error) {
      await this.forget(record, device);
      throw error;
    }
  }

  private async waitReady(record: DomainRecord, device: DeviceNodes): Promise<void> {
    const ready = (value: string | undefined): boolean => parseState(value) >= XenbusStateInitWait;
    const inTime = await waitForNode(this.clock, this.xs, `${device.backendPath}/state`, ready, BACKEND_TIMEOUT_NS);
    if (!inTime) {
      const path = device.backendPath;
      throw new ToolstackError(
        'ETIMEDOUT',
        `libxl: error: Domain ${record.domid}:unable to add device with path ${path}`,
        EXIT_CREATE_FAILED,
      );
    }
  }

  /** A driver domain runs the scripts of its backends itself. @see Devd */
  private async waitScript({domid}: DomainRecord, {backendPath}: DeviceNodes): Promise<void> {
    const status = `${backendPath}/hotplug-status`;
    const done = (value: string | undefined): boolean => value === 'connected' || value === 'error';
    const inTime = await waitForNode(this.clock, this.xs, status, done, BACKEND_TIMEOUT_NS);
    if (inTime && (await this.xs.read(status)) === 'connected') return;
    // A stranger's words: one line of plain text.
    const error = (await this.xs.read(`${backendPath}/hotplug-error`))?.replaceAll(/[^ -~]/g, '?').slice(0, MAX_REASON);
    const reason = error ?? `Domain ${domid}:no hotplug script has served ${backendPath}`;
    throw new ToolstackError(inTime ? 'EIO' : 'ETIMEDOUT', `libxl: error: ${reason}`, EXIT_CREATE_FAILED);
  }

  private async forget(record: DomainRecord, device: DeviceNodes): Promise<void> {
    this.hotplug.remove(device);
    record.devices.delete(device.backendPath);
    await removeDevice(this.xs, device);
  }

  /** Asks the backend to close; `gone`: the frontend's directory goes first, as its domain does. */
  private async requestClose({frontendPath, backendPath}: DeviceNodes, gone: boolean): Promise<void> {
    await this.xs.transaction(async (tx) => {
      if (gone) await prune(this.xs, frontendPath, tx);
      const state = await this.xs.read(`${backendPath}/state`, tx);
      if (state === undefined) return;
      await this.xs.write(`${backendPath}/online`, '0', tx);
      if (parseState(state) !== XenbusStateClosed) await this.xs.write(`${backendPath}/state`, '5', tx);
    });
  }

  private waitClosed(device: DeviceNodes, timeoutNs: number): Promise<boolean> {
    const closed = (value: string | undefined): boolean =>
      value === undefined || parseState(value) === XenbusStateClosed;
    return waitForNode(this.clock, this.xs, `${device.backendPath}/state`, closed, timeoutNs);
  }

  /** As xl prints what it cannot read. */
  private async number(path: string): Promise<number> {
    const text = await this.xs.read(path);
    return text !== undefined && /^\d+$/.test(text) ? Number(text) : -1;
  }
}

/** A device whose backend's domain is gone is one still, until it is detached. */
const refuseSecond = ({domid, devices}: DomainRecord, {frontendPath}: DeviceNodes): void => {
  if (![...devices.values()].some((device) => device.frontendPath === frontendPath)) return;
  const reason = `Domain ${domid}:device already exists in xenstore`;
  throw new ToolstackError('EEXIST', `libxl: error: ${reason}`, EXIT_CREATE_FAILED);
};

const refuseOwnBackend = ({domid}: DomainRecord, backendDomid: DomId): void => {
  if (domid !== backendDomid) return;
  const reason = `Domain ${domid}:a domain cannot be its own backend`;
  throw new ToolstackError('EINVAL', `libxl: error: ${reason}`, EXIT_CREATE_FAILED);
};

const freeDevid = (record: DomainRecord, kind: string): number => {
  const used = new Set([...record.devices.values()].filter((device) => device.kind === kind).map(({devid}) => devid));
  let devid = 0;
  while (used.has(devid)) devid++;
  return devid;
};
