import type {XenbusDriver} from '../../hypervisor/xenbus/index.ts';
import {PeerDeaths} from '../peer-deaths.ts';
import {BlockBackend, type BlockBackendOptions} from './backend.ts';

/** blkback. What XenbusBus.instance() gives for its devices is a BlockBackend. */
export const blockBackend = (options: BlockBackendOptions): XenbusDriver => {
  const deaths = new PeerDeaths<BlockBackend>();
  return {
    type: 'vbd',
    probe: async (device) => {
      const disk = new BlockBackend(device, options, () => deaths.remove(disk));
      deaths.add(disk, device.xs);
      await disk.start();
      return disk;
    },
  };
};
