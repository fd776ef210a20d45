import type {StorageOpener} from '../../../backends/storage/index.ts';
import type {BlockDevice, NetDevice} from '../../../frontends/api.ts';
import type {XenbusDriver, XenbusRole} from '../../../hypervisor/xenbus/index.ts';

/** What checks judge: a driver of one end of a device, or one of the daemons. */
export const subjects = ['frontend/vbd', 'backend/vbd'] as const;

export type Subject = (typeof subjects)[number];

/** What a driver under test gets from the stand it is loaded on. */
export interface DriverHost {
  /** To be called with each device when it is usable: checks read and write through it. */
  readonly onDevice: (device: BlockDevice | NetDevice) => void;
  /** Opens what the `params` node of a disk names: "ram:1m". */
  readonly openStorage: StorageOpener;
  /** Index at which a frontend starts its rings: checks come near 2^32 that way. May be ignored. */
  readonly ringStart: number;
}

/** An implementation under test. */
export interface Iut {
  /** As it is called in reports. */
  readonly name: string;
  readonly subjects: readonly Subject[];
  /** The driver for one subject; a new one for each run. */
  driver(subject: Subject, host: DriverHost): XenbusDriver;
}

export const roleOf = (subject: Subject): XenbusRole => subject.split('/')[0] as XenbusRole;
