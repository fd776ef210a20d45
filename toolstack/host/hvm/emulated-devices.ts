import {DeviceModel} from '../../../backends/emulated/bus/index.ts';
import {plugChipset} from '../../../backends/emulated/chipset/index.ts';
import {type IdeUnit, PiixIde, type UnplugWhich} from '../../../backends/emulated/ide/index.ts';
import {PlatformDevice} from '../../../backends/emulated/platform/index.ts';
import {Uart} from '../../../backends/emulated/uart/index.ts';
import type {Storage} from '../../../backends/storage/index.ts';
import type {DomId, Hypervisor, HypervisorOps} from '../../../hypervisor/index.ts';
import type {DiskConfig} from '../../config/index.ts';
import {type DiskPlace, diskPlace} from './disk-places.ts';
import type {HvmConfig} from './hvm-config.ts';

const SERIAL_PLACES = ['com1', 'com2'] as const;

/** The emulated devices of one HVM guest, as its QEMU in dom0 has them. Disks and interfaces are added, then it is turned on. */
export class EmulatedDevices {
  readonly model: DeviceModel;
  /** COM1, COM2. */
  readonly serialPorts: readonly Uart[];
  private readonly ideUnits: (IdeUnit | undefined)[] = [];
  private ide: PiixIde | undefined;

  constructor(xen: Hypervisor, dom0: HypervisorOps, domid: DomId, config: HvmConfig) {
    const model = new DeviceModel(dom0, domid);
    this.model = model;
    plugChipset(model);
    if (config.platformDevice) new PlatformDevice(model, this, (line) => xen.log(`d${domid}: ${line}`)).plug();
    this.serialPorts = SERIAL_PLACES.slice(0, config.serialPorts).map((place) => new Uart(model, {place}));
    for (const port of this.serialPorts) port.plug();
  }

  /** Where a disk is to be added, unless it is PV alone. Undefined once the machine is on, too: PCs take no disks then. */
  placeOf(disk: DiskConfig): DiskPlace | undefined {
    return this.ide === undefined ? diskPlace(disk) : undefined;
  }

  /** The storage is the drive's from now on. */
  addDisk({unit}: DiskPlace, {cdrom}: DiskConfig, storage: Storage): void {
    this.ideUnits[unit] = {kind: cdrom ? 'cdrom' : 'disk', storage};
  }

  turnOn(): void {
    this.ide = new PiixIde(this.model, {units: this.ideUnits});
    this.ide.plug();
  }

  unplugDisks(which: UnplugWhich): void {
    void this.ide?.unplugDisks(which);
  }

  unplugNics(): void {
    return;
  }

  /** Resolves when no image is used any more. */
  async close(): Promise<void> {
    await this.ide?.unplug();
    this.model.close();
  }
}
