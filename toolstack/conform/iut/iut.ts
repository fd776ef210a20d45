import type {Networks} from '../../../backends/network/index.ts';
import type {UnitOpener} from '../../../backends/scsi/index.ts';
import type {StorageOpener} from '../../../backends/storage/index.ts';
import type {BlockDevice, NetDevice, ScsiUnit} from '../../../frontends/api.ts';
import type {XenbusDriver, XenbusRole} from '../../../hypervisor/xenbus/index.ts';
import type {ConsolesUnderTest} from './console.ts';
import type {StoreClientOpener, StoreOpener} from './store.ts';
import type {ToolstackHost, ToolstackUnderTest} from './toolstack.ts';

/** Drivers of one end of a device. */
export const driverSubjects = [
  'frontend/vbd',
  'backend/vbd',
  'frontend/vif',
  'backend/vif',
  'frontend/vscsi',
  'backend/vscsi',
] as const;

export type DriverSubject = (typeof driverSubjects)[number];

/** What checks judge. */
export type Subject =
  DriverSubject | 'frontend/console' | 'backend/console' | 'frontend/store' | 'xenstored' | 'hypervisor' | 'toolstack';

/** What frontends hand out. */
export type GuestDevice = BlockDevice | NetDevice | ScsiUnit;

/** What a driver under test gets from the stand it is loaded on. */
export interface DriverHost {
  /** To be called with each device when it is usable: checks read and write through it. */
  readonly onDevice: (device: GuestDevice) => void;
  /** Opens what the `params` node of a disk names: "ram:1m". */
  readonly openStorage: StorageOpener;
  /** Opens what the `p-dev` node of a SCSI unit names. */
  readonly openUnit: UnitOpener;
  /** The bridges of the backend's domain: a network backend joins the one that its `bridge` node names. */
  readonly networks: Networks;
  /** Index at which a frontend starts its rings: checks come near 2^32 that way. May be ignored. */
  readonly ringStart: number;
}

/** An implementation under test. */
export interface Iut {
  /** As it is called in reports. */
  readonly name: string;
  readonly subjects: readonly Subject[];
  /** The driver for a device subject; a new one for each run. */
  readonly driver?: (subject: DriverSubject, host: DriverHost) => XenbusDriver;
  /** Of subject xenstored. */
  readonly openStore?: StoreOpener;
  /** Of subject frontend/store: a domain's client of the store. */
  readonly openStoreClient?: StoreClientOpener;
  /** Of subjects frontend/console and backend/console. */
  readonly consoles?: ConsolesUnderTest;
  /** A kernel whose own drivers are meant: image of one at its prompt. @see warmKernel */
  readonly kernel?: string;
  /** Most runs of a check, where each is slow: of one with seeds, and of one that enumerates. */
  readonly maxRuns?: number;
  readonly maxOrders?: number;
  /** Time that one check may take, where it is another than for drivers. */
  readonly limitMs?: number;
  /** It lives outside, in real time. */
  readonly isOutside?: boolean;
  /** Of subject toolstack. */
  readonly toolstack?: (host: ToolstackHost) => ToolstackUnderTest;
}

export const roleOf = (subject: DriverSubject): XenbusRole => subject.split('/')[0] as XenbusRole;
