import type {XenbusDriver} from '../../hypervisor/xenbus/index.ts';
import type {Netfront} from './device.ts';
import {NetFrontend, type NetFrontendOptions} from './frontend.ts';

/** The driver of `device/vif/DEVID`: netfront. `onDevice` gets each interface when it is first connected. */
export const netFrontend = (onDevice: (device: Netfront) => void, options: NetFrontendOptions = {}): XenbusDriver => ({
  type: 'vif',
  probe: async (device) => {
    const frontend = new NetFrontend(device, options, onDevice);
    await frontend.start();
    return frontend;
  },
});
