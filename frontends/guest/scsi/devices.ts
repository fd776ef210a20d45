import type {BlockDevice, ScsiUnit} from '../../api.ts';
import type {DeviceSet} from '../device-set.ts';
import {formatSize} from '../format.ts';
import type {KernelLog} from '../kernel-log.ts';
import {ScsiDisk} from './disk.ts';
import {CDROM, CHANGER, DISK, inquire, type InquiryData, TAPE} from './inquiry.ts';

/** A unit that was found, with the name of its driver's device. */
export interface ScsiDevice {
  readonly unit: ScsiUnit;
  readonly inquiry: InquiryData;
  /** "sda", "sr0", "st0", "sch0"; undefined where no driver is for it. */
  readonly name: string | undefined;
  /** "sg0" */
  readonly generic: string;
}

/** Device numbers of Linux: sd has major 8 and 16 a disk, sr major 11. */
const SD_MAJOR = 8;
const SR_MAJOR = 11;

const letter = (n: number): string => String.fromCharCode(97 + n);

/** Names in the order of Linux's drivers: sda ... sdz, sdaa ... */
const names: ReadonlyMap<number, (n: number) => string> = new Map([
  [DISK, (n) => `sd${n < 26 ? letter(n) : letter(Math.floor(n / 26) - 1) + letter(n % 26)}`],
  [CDROM, (n) => `sr${n}`],
  [TAPE, (n) => `st${n}`],
  [CHANGER, (n) => `sch${n}`],
]);

/** What the kernel knows of SCSI: units as scsifront finds them, with the disks among them as block devices. */
export class ScsiDevices {
  private readonly log: KernelLog;
  private readonly blocks: DeviceSet<BlockDevice>;
  private readonly devices: ScsiDevice[] = [];

  constructor(log: KernelLog, blocks: DeviceSet<BlockDevice>) {
    this.log = log;
    this.blocks = blocks;
  }

  /** By address. */
  get list(): readonly ScsiDevice[] {
    const key = ({unit}: ScsiDevice): number[] => [unit.host, unit.channel, unit.id, unit.lun];
    return [...this.devices].sort((a, b) => key(a).reduce((order, part, i) => order || part - key(b)[i], 0));
  }

  /** By the name of the driver's or the generic device. */
  find(name: string): ScsiDevice | undefined {
    return this.devices.find((device) => device.name === name || device.generic === name);
  }

  /** Asks a unit what it is, and gives it to its driver. One that does not answer is left out. */
  add(unit: ScsiUnit): void {
    this.probe(unit).catch((error: unknown) => {
      this.log.info(`scsi ${String(unit)}: ${error instanceof Error ? error.message : String(error)}`);
    });
  }

  private async probe(unit: ScsiUnit): Promise<void> {
    const inquiry = await inquire(unit);
    const {vendor, product, revision, deviceType} = inquiry;
    const name = this.freeName(deviceType);
    const generic = firstFree(
      (n) => `sg${n}`,
      (candidate) => this.find(candidate) === undefined,
    );
    const device = {unit, inquiry, name, generic};
    this.devices.push(device);
    unit.removed.subscribe({complete: () => this.drop(device)});
    this.log.info(`scsi ${String(unit)}: ${vendor} ${product} ${revision}, type ${deviceType}: ${name ?? generic}`);
    if (name !== undefined && (deviceType === DISK || deviceType === CDROM)) await this.addDisk(device, name);
  }

  private async addDisk({unit, inquiry}: ScsiDevice, name: string): Promise<void> {
    const index = this.devices.filter((each) => each.inquiry.deviceType === inquiry.deviceType).length - 1;
    const number = inquiry.deviceType === DISK ? SD_MAJOR * 256 + index * 16 : SR_MAJOR * 256 + index;
    const disk = new ScsiDisk(name, number, unit, inquiry.removable);
    await disk.revalidate();
    const {sizeBytes, sectorSize} = disk;
    this.log.info(`${name}: ${sizeBytes / sectorSize} blocks of ${sectorSize} bytes (${formatSize(sizeBytes)})`);
    this.blocks.add(disk);
  }

  private freeName(deviceType: number): string | undefined {
    const nameOf = names.get(deviceType);
    return nameOf && firstFree(nameOf, (candidate) => this.find(candidate) === undefined);
  }

  private drop(device: ScsiDevice): void {
    this.devices.splice(this.devices.indexOf(device), 1);
    this.log.info(`scsi ${String(device.unit)}: removed`);
  }
}

const firstFree = (nameOf: (n: number) => string, isFree: (name: string) => boolean): string => {
  let n = 0;
  while (!isFree(nameOf(n))) n++;
  return nameOf(n);
};
