import type {IoSize} from '../../../hypervisor/ioreq/index.ts';
import type {DeviceModel, IoDevice, Release} from '../bus/index.ts';
import {PciFunction} from '../pci/index.ts';

/** Where Xen has it on the bus. */
export const PLATFORM_SLOT = 2;
/** Of BAR1: physical addresses that are nobody's, for the guest to put its grant table at. @see Linux's platform-pci.c */
export const PLATFORM_MEMORY_BYTES = 16 << 20;
const IO_BYTES = 0x100;

const FIXED_PORTS = 0x10;
const FIXED_PORT_COUNT = 0x10;
const MAGIC = 0x49d2;
const PROTOCOL_VERSION = 1;

/** Offsets from the first of the fixed ports. @see xen-unplug(7) */
const MAGIC_OFFSET = 0;
const VERSION_OFFSET = 2;

const UNPLUG_ALL_DISKS = 1 << 0;
const UNPLUG_ALL_NICS = 1 << 1;
const UNPLUG_AUX_IDE_DISKS = 1 << 2;

/** What can be pulled for a guest that has PV drivers. CD-ROMs stay. */
export interface Unpluggable {
  /** All of IDE and SCSI, or all of IDE but the primary master. */
  unplugDisks(which: 'all' | 'aux-ide'): void;
  unplugNics(): void;
}

/** Nothing behind it: what is there is memory of the guest's, or not. */
const nothing: IoDevice = {read: () => 0, write: () => undefined};

/**
 * Xen's platform device, by which an HVM guest knows that there is Xen, and the ports by which its PV drivers have the
 * emulated devices pulled whose places they take. @see xen-unplug(7), "Unplug protocol"
 */
export class PlatformDevice {
  private readonly model: DeviceModel;
  private readonly unpluggable: Unpluggable;
  private readonly log: (line: string) => void;
  private readonly pci: PciFunction;
  private releasePorts: Release | undefined;
  /** Of the guest's driver, for a person: "product 3, build 0x...". */
  private product = 0;

  constructor(model: DeviceModel, unpluggable: Unpluggable, log: (line: string) => void) {
    this.model = model;
    this.unpluggable = unpluggable;
    this.log = log;
    this.pci = new PciFunction({
      owner: 'platform',
      identity: {vendorId: 0x5853, deviceId: 0x0001, revision: 1, classCode: 0xff8000},
      bars: [
        {space: 'io', sizeBytes: IO_BYTES, device: nothing},
        {space: 'memory', sizeBytes: PLATFORM_MEMORY_BYTES, device: nothing},
      ],
      interruptPin: 1,
    });
  }

  plug(): void {
    this.pci.plug(this.model, PLATFORM_SLOT);
    this.releasePorts = this.model.claimPorts(FIXED_PORTS, FIXED_PORT_COUNT, this.fixedPorts, 'platform');
  }

  unplug(): void {
    this.releasePorts?.();
    this.pci.unplug();
  }

  private readonly fixedPorts: IoDevice = {
    read: (offset, size) => {
      if (offset === MAGIC_OFFSET && size === 2) return MAGIC;
      return offset === VERSION_OFFSET && size === 1 ? PROTOCOL_VERSION : 0;
    },
    write: (offset, size, value) => this.writeFixed(offset, size, value),
  };

  private writeFixed(offset: number, size: IoSize, value: number): void {
    if (offset === VERSION_OFFSET && size === 2) this.product = value;
    if (offset !== MAGIC_OFFSET) return;
    if (size === 4) this.log(`PV drivers of product ${this.product}, build 0x${value.toString(16)}`);
    if (size === 2) this.unplugAsked(value);
  }

  private unplugAsked(mask: number): void {
    if ((mask & UNPLUG_ALL_DISKS) !== 0) this.unpluggable.unplugDisks('all');
    else if ((mask & UNPLUG_AUX_IDE_DISKS) !== 0) this.unpluggable.unplugDisks('aux-ide');
    if ((mask & UNPLUG_ALL_NICS) !== 0) this.unpluggable.unplugNics();
  }
}
