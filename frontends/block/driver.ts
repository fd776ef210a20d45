import type {XenbusDriver} from '../../hypervisor/xenbus/index.ts';
import type {BlockDevice} from '../api.ts';
import {BlockFrontend, type BlockFrontendOptions} from './frontend.ts';

/**
 * blkfront. `onDevice` gets each disk when it is usable; one that comes back after a disconnect is a new BlockDevice.
 * What XenbusBus.instance() gives for its devices is a BlockFrontend.
 */
export const blockFrontend = (
  onDevice: (device: BlockDevice) => void,
  options: BlockFrontendOptions = {},
): XenbusDriver => ({
  type: 'vbd',
  probe: async (device) => {
    const frontend = new BlockFrontend(device, options, onDevice);
    await frontend.start();
    return frontend;
  },
});
