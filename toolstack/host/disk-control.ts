import {BlockBackend} from '../../backends/block/index.ts';
import type {BlockDevice} from '../../frontends/api.ts';
import {BlockFrontend} from '../../frontends/block/index.ts';
import type {DomId} from '../../hypervisor/index.ts';
import type {Schedule} from '../../hypervisor/schedule/index.ts';
import type {DiskConfig} from '../config/index.ts';
import {ToolstackError} from '../errors.ts';
import {ExportedDisk, type Listen, NbdServer} from '../export/index.ts';
import type {DiskListing, HostDisks} from './api.ts';
import type {DeviceBuses} from './device-buses.ts';
import {diskTarget} from './disk-target.ts';
import type {Disks} from './disks.ts';
import type {Devices} from './devices.ts';
import type {DomainRecords} from './domain-records.ts';
import type {RamDiskOf} from './ram-disks.ts';

export interface DiskControlParts {
  clock: Schedule;
  records: DomainRecords;
  buses: DeviceBuses;
  devices: Devices;
  disks: Disks;
  ramDiskOf: RamDiskOf;
}

/** @see HostDisks, with a look at backends and contents. */
export class DiskControl implements HostDisks {
  private readonly parts: DiskControlParts;

  constructor(parts: DiskControlParts) {
    this.parts = parts;
  }

  async attach(domid: DomId, disk: DiskConfig, baseDir = process.cwd()): Promise<void> {
    const {records, disks} = this.parts;
    const record = records.get(domid);
    await records.change(record, () => disks.attach(record, disk, baseDir));
    // A reboot finds the image again, from wherever it was attached.
    const attached = {...disk, target: diskTarget(disk, baseDir)};
    record.config = {...record.config, disks: [...record.config.disks, attached]};
  }

  async detach(domid: DomId, vdev: string, {force = false} = {}): Promise<void> {
    const {records, disks, devices} = this.parts;
    const record = records.get(domid);
    const device = disks.find(record, vdev);
    await records.change(record, () => devices.detach(record, device, force));
    const gone = device.backend.find(([key]) => key === 'dev')?.[1];
    record.config = {...record.config, disks: record.config.disks.filter((disk) => disk.vdev !== gone)};
  }

  async changeMedium(domid: DomId, disk: DiskConfig, baseDir = process.cwd()): Promise<void> {
    const {records} = this.parts;
    const record = records.get(domid);
    await records.change(record, () => this.parts.disks.changeMedium(record, disk, baseDir));
    const changed = {...disk, target: diskTarget(disk, baseDir)};
    const disks = record.config.disks.map((each) => (each.vdev === disk.vdev ? changed : each));
    record.config = {...record.config, disks};
  }

  list(domid: DomId): Promise<DiskListing[]> {
    const {clock, records, disks} = this.parts;
    return clock.drive(disks.list(records.get(domid)));
  }

  /** The backend: its statistics, and the batches it takes from its ring. */
  backend(domid: DomId, vdev: string): BlockBackend {
    const {records, buses, disks} = this.parts;
    return buses.backend(disks.find(records.get(domid), vdev), BlockBackend);
  }

  /** Contents of a disk that is in memory, to look at and change; undefined for one in a file. */
  ram(domid: DomId, vdev: string): Uint8Array | undefined {
    const {records, ramDiskOf} = this.parts;
    return ramDiskOf(records.get(domid), vdev);
  }

  async exportNbd(domid: DomId, vdev: string, listen: Listen): Promise<NbdServer> {
    const {records, buses, disks} = this.parts;
    const {devid} = disks.find(records.get(domid), vdev);
    const bus = buses.frontendsOf(domid);
    const current = (): BlockDevice | undefined => {
      const frontend = buses.frontendsOf(domid)?.instance(`device/vbd/${devid}`);
      return frontend instanceof BlockFrontend ? frontend.disk : undefined;
    };
    const disk = current();
    if (disk !== undefined) return NbdServer.listen({name: disk.name, disk: new ExportedDisk(current), listen});
    const reason = bus === undefined ? 'belongs to a kernel of its own' : 'is not connected';
    throw new ToolstackError('ENODEV', `pvsim: disk ${vdev} of domain ${domid} ${reason}`);
  }
}
