import {DeviceModel} from '../../../backends/emulated/bus/index.ts';
import {plugChipset} from '../../../backends/emulated/chipset/index.ts';
import {PlatformDevice} from '../../../backends/emulated/platform/index.ts';
import {Uart} from '../../../backends/emulated/uart/index.ts';
import type {DomId, Hypervisor, HypervisorOps} from '../../../hypervisor/index.ts';
import type {HvmConfig} from './hvm-config.ts';

/** The emulated devices of one HVM guest, as its QEMU in dom0 has them. */
export class EmulatedDevices {
  readonly model: DeviceModel;
  /** COM1, COM2. */
  readonly serialPorts: readonly Uart[];

  constructor(xen: Hypervisor, dom0: HypervisorOps, domid: DomId, config: HvmConfig) {
    const model = new DeviceModel(dom0, domid);
    this.model = model;
    plugChipset(model);
    if (config.platformDevice) new PlatformDevice(model, this, (line) => xen.log(`d${domid}: ${line}`)).plug();
    const places = (['com1', 'com2'] as const).slice(0, config.serialPorts);
    this.serialPorts = places.map((place) => new Uart(model, {place}));
    for (const port of this.serialPorts) port.plug();
  }

  unplugDisks(): void {
    return;
  }

  unplugNics(): void {
    return;
  }

  close(): void {
    this.model.close();
  }
}
