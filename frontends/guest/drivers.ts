import type {XenbusDriver} from '../../hypervisor/xenbus/index.ts';
import type {BlockDevice, NetDevice} from '../api.ts';
import {blockFrontend} from '../block/index.ts';
import {netFrontend} from '../net/index.ts';

/** Where drivers hand over devices that work. */
export interface DeviceSinks {
  onDisk: (device: BlockDevice) => void;
  onNic: (device: NetDevice) => void;
}

/** The drivers that are built into the kernel. */
export const builtinDrivers = ({onDisk, onNic}: DeviceSinks): XenbusDriver[] => [
  blockFrontend(onDisk),
  netFrontend(onNic),
];
