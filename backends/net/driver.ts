import {EINVAL, ENOENT} from '../../hypervisor/errno.ts';
import type {PageAllocator} from '../../hypervisor/memory/index.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {DeviceError, type XenbusDevice, type XenbusDriver} from '../../hypervisor/xenbus/index.ts';
import {type Networks, parseMac} from '../network/index.ts';
import {NetBackend, type NetBackendConfig} from './backend.ts';
import type {NetFeatures} from './features.ts';
import {createShare, type NetbackShare} from './share.ts';

export interface NetBackendOptions {
  /** The bridges of the backend's domain. */
  networks: Networks;
  /** Other than the defaults, for every interface; the `tuning` node of its directory has the last word. */
  features?: Partial<NetFeatures>;
  /** Called for each vif that appears. */
  onVif?: (vif: NetBackend) => void;
}

/** The driver of `backend/vif/DOMID/DEVID`: netback. */
export const netBackend = ({networks, features = {}, onVif}: NetBackendOptions): XenbusDriver => {
  /** By whose pages they are. */
  const shares = new Map<PageAllocator, NetbackShare>();
  const shareOf = (ops: HypervisorOps): NetbackShare => {
    const share = shares.get(ops.pages) ?? createShare(ops);
    shares.set(ops.pages, share);
    return share;
  };
  return {
    type: 'vif',
    probe: async (device) => {
      const config = await readConfig(device, networks);
      const vif = new NetBackend(device, {...config, features, share: shareOf(device.ops)});
      onVif?.(vif);
      await vif.start();
      return vif;
    },
  };
};

const readConfig = async (
  device: XenbusDevice,
  networks: Networks,
): Promise<Pick<NetBackendConfig, 'place' | 'handle' | 'mac'>> => {
  const mac = (await device.read('mac')) ?? '';
  if (parseMac(mac) === undefined) throw new DeviceError(EINVAL, `parsing mac "${mac}"`);
  const place = networks.place(await device.read('script'), await device.read('bridge'));
  if (typeof place === 'string') throw new DeviceError(ENOENT, place);
  return {place, handle: (await device.read('handle')) ?? device.devid, mac};
};
