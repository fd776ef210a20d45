import {DeviceModel} from '../../../backends/emulated/bus/index.ts';
import {plugChipset} from '../../../backends/emulated/chipset/index.ts';
import {type IdeUnit, PiixIde, type UnplugWhich} from '../../../backends/emulated/ide/index.ts';
import {Lsi53c895a} from '../../../backends/emulated/lsi53c895a/index.ts';
import {PlatformDevice} from '../../../backends/emulated/platform/index.ts';
import {I8042} from '../../../backends/emulated/ps2/index.ts';
import {Uart} from '../../../backends/emulated/uart/index.ts';
import {type Networks, parseMac} from '../../../backends/network/index.ts';
import {DiskUnit} from '../../../backends/scsi/target/index.ts';
import type {Storage} from '../../../backends/storage/index.ts';
import {SHUTDOWN_reboot} from '../../../hypervisor/abi/sched.ts';
import type {Domain, DomId, Hypervisor, HypervisorOps} from '../../../hypervisor/index.ts';
import {type DiskConfig, vdevToDisk, type VifConfig} from '../../config/index.ts';
import {type DiskPlace, diskPlace} from './disk-places.ts';
import type {HvmConfig} from './hvm-config.ts';
import {type EmulatedNic, nicModel} from './nic-models.ts';

const SERIAL_PLACES = ['com1', 'com2'] as const;
const SCSI_SLOT = 3;
const FIRST_NIC_SLOT = 4;

/** What of dom0 the devices are made with. */
export interface EmulatedParts {
  readonly xen: Hypervisor;
  readonly dom0: HypervisorOps;
  readonly networks: Networks;
}

/** The emulated devices of one HVM guest, as its QEMU in dom0 has them. Disks and interfaces are added, then it is turned on. */
export class EmulatedDevices {
  readonly model: DeviceModel;
  /** COM1, COM2. */
  readonly serialPorts: readonly Uart[];
  readonly ps2: I8042;
  readonly nics: EmulatedNic[] = [];
  private readonly parts: EmulatedParts;
  private readonly ideUnits: (IdeUnit | undefined)[] = [];
  private readonly scsiDisks: {readonly id: number; readonly disk: DiskUnit}[] = [];
  private readonly domid: DomId;
  private ide: PiixIde | undefined;
  private scsi: Lsi53c895a | undefined;

  constructor(parts: EmulatedParts, domain: Domain, config: HvmConfig) {
    const {xen, dom0} = parts;
    const model = new DeviceModel(dom0, domain.id);
    this.parts = parts;
    this.domid = domain.id;
    this.model = model;
    plugChipset(model);
    if (config.platformDevice) new PlatformDevice(model, this, (line) => xen.log(`d${domain.id}: ${line}`)).plug();
    this.serialPorts = SERIAL_PLACES.slice(0, config.serialPorts).map((place) => new Uart(model, {place}));
    for (const port of this.serialPorts) port.plug();
    this.ps2 = new I8042(model, {onReset: () => xen.shutdown(domain, SHUTDOWN_reboot)});
    this.ps2.plug();
  }

  /** Where a disk is to be added, unless it is PV alone. Undefined once the machine is on, too: PCs take no disks then. */
  placeOf(disk: DiskConfig): DiskPlace | undefined {
    return this.isOn ? undefined : diskPlace(disk, this.ideUnits);
  }

  /** The storage is the drive's from now on. */
  addDisk({bus, unit}: DiskPlace, {cdrom, vdev}: DiskConfig, storage: Storage): void {
    if (bus === 'ide') this.ideUnits[unit] = {kind: cdrom ? 'cdrom' : 'disk', storage};
    else this.scsiDisks.push({id: unit, disk: new DiskUnit({storage, serial: `PVSIM-${vdev}`})});
  }

  /** A card beside the PV interface, with the same address, if the config says so and the machine is not on yet. */
  addNic(vif: VifConfig & {devid: number; mac: string; bridge: string}): void {
    const make = this.isOn ? undefined : nicModel(vif);
    const {dom0: ops, networks} = this.parts;
    const place = networks.place(vif.script, vif.bridge);
    const mac = parseMac(vif.mac);
    if (make === undefined || mac === undefined || typeof place === 'string') return;
    const nic = make(this.model, {ops, place, mac, name: `vif${this.domid}.${vif.devid}-emu`});
    nic.plug(FIRST_NIC_SLOT + this.nics.length);
    this.nics.push(nic);
  }

  /** It has a CD drive in that disk's place. */
  hasDrive({vdev}: DiskConfig): boolean {
    return this.ideUnits[vdevToDisk(vdev) ?? -1]?.kind === 'cdrom';
  }

  /** Puts another medium into that drive, or none. */
  async changeMedium({vdev}: DiskConfig, storage: Storage | undefined): Promise<void> {
    await this.ide?.changeMedium(vdevToDisk(vdev) ?? -1, storage);
  }

  turnOn(): void {
    this.ide = new PiixIde(this.model, {units: this.ideUnits});
    this.ide.plug();
    if (this.scsiDisks.length > 0) this.scsi = this.plugScsi();
  }

  unplugDisks(which: UnplugWhich): void {
    void this.ide?.unplugDisks(which);
    if (which === 'all') void this.unplugScsi();
  }

  unplugNics(): void {
    for (const nic of this.nics) nic.unplug();
    this.nics.length = 0;
  }

  /** Resolves when no image is used any more. */
  async close(): Promise<void> {
    this.unplugNics();
    if (this.ide === undefined) for (const unit of this.ideUnits) unit?.storage?.close();
    await this.ide?.unplug();
    await this.unplugScsi();
    this.model.close();
  }

  private plugScsi(): Lsi53c895a {
    const scsi = new Lsi53c895a(this.model, {initiatorName: `domain ${this.domid}`});
    for (const {id, disk} of this.scsiDisks) scsi.attach({id, lun: 0}, disk);
    scsi.plug(SCSI_SLOT);
    return scsi;
  }

  private async unplugScsi(): Promise<void> {
    this.scsi?.unplug();
    this.scsi = undefined;
    for (const {disk} of this.scsiDisks.splice(0)) await disk.close();
  }

  private get isOn(): boolean {
    return this.ide !== undefined;
  }
}
