import {DeviceModel} from '../../../backends/emulated/bus/index.ts';
import {plugChipset} from '../../../backends/emulated/chipset/index.ts';
import {PlatformDevice} from '../../../backends/emulated/platform/index.ts';
import type {DomId, Hypervisor, HypervisorOps} from '../../../hypervisor/index.ts';

/** The emulated devices of one HVM guest, as its QEMU in dom0 has them. */
export class EmulatedDevices {
  readonly model: DeviceModel;

  constructor(xen: Hypervisor, dom0: HypervisorOps, domid: DomId) {
    this.model = new DeviceModel(dom0, domid);
    plugChipset(this.model);
    const unpluggable = {unplugDisks: () => undefined, unplugNics: () => undefined};
    new PlatformDevice(this.model, unpluggable, (line) => xen.log(`d${domid}: ${line}`)).plug();
  }

  close(): void {
    this.model.close();
  }
}
