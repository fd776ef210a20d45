import {CdromUnit} from '../../scsi/target/index.ts';
import type {Storage} from '../../storage/index.ts';
import type {DeviceModel, Release} from '../bus/index.ts';
import {PciFunction} from '../pci/index.ts';
import type {Register} from '../registers/index.ts';
import {AtapiDrive} from './atapi/atapi-drive.ts';
import {BusMaster, busMasterPorts} from './bus-master.ts';
import {Channel} from './channel.ts';
import {AtaDisk} from './disk/ata-disk.ts';
import type {Cable, Drive} from './drive.ts';

const OWNER = 'ide';
/** On bus 0: beside the ISA bridge, which is function 0. */
const PCI_DEVICE = 1;
const PCI_FUNCTION = 1;

const identity = {vendorId: 0x8086, deviceId: 0x7010, classCode: 0x010180};

const BUS_MASTER_PORTS = 16;
const COMMAND_PORTS = 8;
const CONTROL_PORTS = 1;
const COMMAND_IO = 1 << 0;

/** Units by their number: primary master and slave, secondary master and slave. */
const unitNames = ['hda', 'hdb', 'hdc', 'hdd'] as const;

/** Where a channel is as long as IDETIM decodes it; its interrupt is one of the ISA bus. */
const legacy = [
  {command: 0x1f0, control: 0x3f6, irq: 14},
  {command: 0x170, control: 0x376, irq: 15},
] as const;

type TimingName = 'IDETIM0' | 'IDETIM1' | 'SIDETIM';

const timings = ['IDETIM0', 'IDETIM1'] as const;
/** Of IDETIM: the channel's ports are there. */
const DECODE_ENABLE = 1 << 15;

/** @see Intel 82371SB (PIIX3), "PCI configuration registers, function 1" */
const registers: readonly Register<TimingName>[] = [
  {name: 'IDETIM0', offset: 0x40, size: 2, access: 'rw', mask: 0xf3ff},
  {name: 'IDETIM1', offset: 0x42, size: 2, access: 'rw', mask: 0xf3ff},
  {name: 'SIDETIM', offset: 0x44, size: 1, access: 'rw'},
];

/** A drive's medium belongs to it from then on. `serial`: up to 20 characters of ASCII. */
export type IdeUnit =
  | {readonly kind: 'disk'; readonly storage: Storage; readonly serial?: string}
  | {readonly kind: 'cdrom'; readonly storage?: Storage; readonly serial?: string};

export interface PiixIdeOptions {
  /** Primary master and slave, secondary master and slave: hda to hdd. */
  readonly units: readonly (IdeUnit | undefined)[];
}

/** Which disks the unplug protocol takes: 'aux-ide' leaves the primary master. */
export type UnplugWhich = 'all' | 'aux-ide';

/** The IDE function of a PIIX3 with the drives on its two channels. */
export class PiixIde {
  private readonly model: DeviceModel;
  private readonly pci: PciFunction<TimingName>;
  private readonly channels: readonly Channel[];
  private readonly decoded: (Release | undefined)[] = [];

  constructor(model: DeviceModel, {units}: PiixIdeOptions) {
    this.model = model;
    const masters = legacy.map(() => new BusMaster(model.dmaFor(OWNER), () => this.pci.isBusMaster));
    const onCommand = (): void => model.countRequest(OWNER);
    this.channels = legacy.map(
      ({irq}, index) => new Channel(masters[index], (level) => model.setIsaIrq(irq, level, OWNER), onCommand),
    );
    const decode = {write: () => this.decode()};
    const bar4 = {space: 'io', sizeBytes: BUS_MASTER_PORTS, device: busMasterPorts(masters)} as const;
    this.pci = new PciFunction<TimingName>({
      owner: OWNER,
      identity,
      bars: [undefined, undefined, undefined, undefined, bar4],
      registers,
      hooks: {IDETIM0: decode, IDETIM1: decode},
      onCommand: () => this.decode(),
    });
    for (const [index, unit] of units.entries()) if (unit !== undefined) this.attach(index, unit);
    this.reset();
  }

  /** Puts it on the bus. Throws DeviceModelError when its place is taken. */
  plug(): void {
    this.pci.plug(this.model, PCI_DEVICE, PCI_FUNCTION);
  }

  /** Takes the whole function out, with its drives. Resolves when their media are not used any more. */
  async unplug(): Promise<void> {
    this.pci.unplug();
    for (const channel of legacy.keys()) this.hide(channel);
    await this.detach(() => true);
  }

  /**
   * Takes disks away, at once, and leaves CD drives in place. Resolves when the images are not used any more.
   * @see xen-unplug(7)
   */
  async unplugDisks(which: UnplugWhich): Promise<void> {
    await this.detach((drive, unit) => drive instanceof AtaDisk && (which === 'all' || unit > 0));
  }

  /** Puts another medium into the CD drive of a unit, 0..3, or takes it out. Returns false where there is none. */
  async changeMedium(unit: number, storage: Storage | undefined): Promise<boolean> {
    const drive = this.driveOf(unit);
    if (!(drive instanceof AtapiDrive)) return false;
    await drive.unit.change(storage);
    return true;
  }

  /** Hardware reset: as after power on. */
  reset(): void {
    this.pci.reset();
    this.decode();
    for (const channel of this.channels) channel.reset();
  }

  /** What each drive has done, by its name: "hda" to "hdd". */
  stats(): Readonly<Record<string, object>> {
    return Object.fromEntries(this.drives().map(([unit, drive]) => [unitNames[unit], drive.stats]));
  }

  toString(): string {
    const drives = this.drives().map(([unit, drive]) => `${unitNames[unit]} ${String(drive)}`);
    return drives.length === 0 ? 'no drives' : drives.join('; ');
  }

  private driveOf(unit: number): Drive | undefined {
    return this.channels[unit >>> 1]?.drives[unit & 1];
  }

  private drives(): [number, Drive][] {
    return unitNames.flatMap((_, unit) => {
      const drive = this.driveOf(unit);
      return drive === undefined ? [] : [[unit, drive] as [number, Drive]];
    });
  }

  private attach(unit: number, description: IdeUnit): void {
    const channel = this.channels[unit >>> 1];
    const cable = {
      schedule: this.model.schedule,
      busMaster: channel.busMaster,
      onInterrupt: () => channel.updateLine(),
    };
    channel.drives[unit & 1] = createDrive(cable, description, `PVSIM-${unitNames[unit]}`);
  }

  private async detach(matches: (drive: Drive, unit: number) => boolean): Promise<void> {
    const chosen = this.drives().filter(([unit, drive]) => matches(drive, unit));
    for (const [unit] of chosen) this.channels[unit >>> 1].drives[unit & 1] = undefined;
    for (const channel of this.channels) channel.reset();
    await Promise.all(chosen.map(([, drive]) => drive.close()));
  }

  /** Channels answer at their ports as far as the registers let them. */
  private decode(): void {
    const isOn = (this.pci.config.get('COMMAND') & COMMAND_IO) !== 0;
    for (const [index, timing] of timings.entries()) {
      if (isOn && (this.pci.config.get(timing) & DECODE_ENABLE) !== 0) this.show(index);
      else this.hide(index);
    }
  }

  private show(index: number): void {
    if (this.decoded[index] !== undefined) return;
    const {command, control} = legacy[index];
    const {commandBlock, controlBlock} = this.channels[index];
    const releases: Release[] = [];
    this.decoded[index] = () => {
      for (const release of releases) release();
    };
    try {
      releases.push(this.model.claimPorts(command, COMMAND_PORTS, commandBlock, OWNER));
      releases.push(this.model.claimPorts(control, CONTROL_PORTS, controlBlock, OWNER));
    } catch {
      // Where the guest has put another device: its own fault, and on hardware it would not work either.
    }
  }

  private hide(index: number): void {
    this.decoded[index]?.();
    this.decoded[index] = undefined;
  }
}

const createDrive = (cable: Cable, unit: IdeUnit, defaultSerial: string): Drive => {
  const serial = unit.serial ?? defaultSerial;
  if (unit.kind === 'disk') return new AtaDisk(cable, unit.storage, {serial, firmware: '1.0', model: 'PVSIM HARDDISK'});
  const cdrom = new CdromUnit({serial});
  if (unit.storage !== undefined) cdrom.storage = unit.storage;
  return new AtapiDrive(cable, cdrom, {serial, firmware: '1.0', model: 'PVSIM DVD-ROM'});
};
