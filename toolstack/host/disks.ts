import {DOM0} from '../../hypervisor/index.ts';
import {type DeviceNodes, vbdNodes} from '../builder/index.ts';
import {type DiskConfig, vdevToNumber} from '../config/index.ts';
import {ToolstackError} from '../errors.ts';
import type {DiskListing} from './api.ts';
import {refuseOwnBackend, refuseSecond} from './device-checks.ts';
import type {DeviceParts} from './device-parts.ts';
import {diskTarget, refuseForeignDisk, refuseRamDisk, storageTarget} from './disk-target.ts';
import {listedNumber} from './listed-number.ts';
import type {DomainRecord} from './record.ts';

/** Disks of domains, as libxl attaches and lists them. */
export class Disks {
  private readonly parts: DeviceParts;

  constructor(parts: DeviceParts) {
    this.parts = parts;
  }

  async attach(record: DomainRecord, disk: DiskConfig, baseDir: string): Promise<void> {
    const {devices, hotplug, findBackend} = this.parts;
    refuseForeignDisk(disk);
    const target = storageTarget(disk, diskTarget(disk, baseDir));
    const backendDomid = findBackend(`Disk vdev=${disk.vdev}`, disk.backend);
    refuseOwnBackend(record, backendDomid);
    if (backendDomid !== DOM0) refuseRamDisk(disk, target);
    const device = vbdNodes(record.domid, disk, target, record.abi, backendDomid);
    refuseSecond(record, device);
    const place = backendDomid === DOM0 ? record.emulated?.placeOf(disk) : undefined;
    if (backendDomid === DOM0) await hotplug.openDisk(device, disk, target);
    if (place !== undefined) record.emulated?.addDisk(place, disk, hotplug.shareDisk(device));
    await devices.attach(record, device, () => hotplug.block(device));
  }

  /** Puts another medium into a drive, or takes it out when the target is empty. ENODEV when there is no such drive. */
  async changeMedium(record: DomainRecord, disk: DiskConfig, baseDir: string): Promise<void> {
    const {xs, hotplug} = this.parts;
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
      if (drive.backendDomid === DOM0) await hotplug.openDisk(drive, disk, target);
      else refuseRamDisk(disk, target);
    }
    const emulated = drive.backendDomid === DOM0 ? record.emulated : undefined;
    if (emulated?.hasDrive(disk) === true) {
      await emulated.changeMedium(disk, target === '' ? undefined : hotplug.shareDisk(drive));
    }
    await xs.write(`${drive.backendPath}/params`, target);
  }

  find(record: DomainRecord, vdev: string): DeviceNodes {
    const devid = vdevToNumber(vdev);
    for (const device of record.devices.values()) if (device.kind === 'vbd' && device.devid === devid) return device;
    throw new ToolstackError('ENODEV', `Error: Device ${vdev} not connected.`);
  }

  async list(record: DomainRecord): Promise<DiskListing[]> {
    const {xs} = this.parts;
    const rows: DiskListing[] = [];
    for (const device of record.devices.values()) {
      if (device.kind !== 'vbd') continue;
      rows.push({
        vdev: device.devid,
        backendDomid: device.backendDomid,
        handle: record.domid,
        state: await listedNumber(xs, `${device.frontendPath}/state`),
        evtch: await listedNumber(xs, `${device.frontendPath}/event-channel`),
        ringRef: await listedNumber(xs, `${device.frontendPath}/ring-ref`),
        backendPath: device.backendPath,
      });
    }
    return rows;
  }
}
