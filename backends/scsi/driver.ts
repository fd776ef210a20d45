import type {XenbusDriver} from '../../hypervisor/xenbus/index.ts';
import {PeerDeaths} from '../peer-deaths.ts';
import {ScsiBackend} from './backend.ts';
import type {UnitOpener} from './units.ts';

/** scsiback. What XenbusBus.instance() gives for its devices is a ScsiBackend. */
export const scsiBackend = (open: UnitOpener): XenbusDriver => {
  const deaths = new PeerDeaths<ScsiBackend>();
  return {
    type: 'vscsi',
    probe: async (device) => {
      const host = new ScsiBackend(device, open, () => deaths.remove(host));
      deaths.add(host, device.xs);
      await host.start();
      return host;
    },
  };
};
