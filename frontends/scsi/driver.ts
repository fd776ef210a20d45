import type {XenbusDriver} from '../../hypervisor/xenbus/index.ts';
import type {ScsiUnit} from '../api.ts';
import {ScsiFrontend, type ScsiFrontendOptions} from './frontend.ts';

/**
 * scsifront. `onUnit` gets each logical unit when it can be used; one that comes back after a disconnect is another
 * ScsiUnit. What XenbusBus.instance() gives for its devices is a ScsiFrontend.
 */
export const scsiFrontend = (onUnit: (unit: ScsiUnit) => void, options: ScsiFrontendOptions = {}): XenbusDriver => ({
  type: 'vscsi',
  probe: async (device) => {
    const frontend = new ScsiFrontend(device, options, onUnit);
    await frontend.start();
    return frontend;
  },
});
