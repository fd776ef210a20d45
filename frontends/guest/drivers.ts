import type {XenbusDriver} from '../../hypervisor/xenbus/index.ts';
import type {BlockDevice, NetDevice, ScsiUnit} from '../api.ts';
import {blockFrontend} from '../block/index.ts';
import {netFrontend} from '../net/index.ts';
import {scsiFrontend} from '../scsi/index.ts';

/** Where drivers hand over devices that work. */
export interface DeviceSinks {
  onDisk: (device: BlockDevice) => void;
  onNic: (device: NetDevice) => void;
  onScsiUnit: (unit: ScsiUnit) => void;
}

/** The drivers that are built into the kernel. */
export const builtinDrivers = ({onDisk, onNic, onScsiUnit}: DeviceSinks): XenbusDriver[] => [
  blockFrontend(onDisk),
  netFrontend(onNic),
  scsiFrontend(onScsiUnit),
];
