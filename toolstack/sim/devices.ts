import {formatMac} from '../../backends/network/index.ts';
import type {RigDevice, RigDomain} from '../conform/rig.ts';

/** xvda */
const VDEV = 51712;

/** Of the guest with this number. */
export const macOf = (number: number): Uint8Array => Uint8Array.of(0, 0x16, 0x3e, 0, 0, number);

export const diskOf = (guest: RigDomain, target: string): RigDevice => ({
  guest,
  type: 'vbd',
  devid: VDEV,
  front: {'virtual-device': String(VDEV)},
  back: {params: target, mode: 'w', 'physical-device': '7:0'},
});

export const nicOf = (guest: RigDomain, address: Uint8Array): RigDevice => {
  const mac = formatMac(address);
  return {
    guest,
    type: 'vif',
    devid: 0,
    front: {handle: '0', mac, mtu: '1500', trusted: '1'},
    back: {mac, bridge: 'xenbr0', handle: '0', type: 'vif', 'hotplug-status': 'connected'},
  };
};
