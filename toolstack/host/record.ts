import type {Abi} from '../../hypervisor/abi/ctype.ts';
import type {DomId} from '../../hypervisor/index.ts';
import type {DomainConfig} from '../config/index.ts';
import type {DeviceNodes} from '../builder/index.ts';
import type {EmulatedDevices} from './hvm/emulated-devices.ts';

/** What the toolstack knows of a domain it made, beside what stands in xenstore. */
export interface DomainRecord {
  readonly domid: DomId;
  /** As it would be created again: defaults filled in, devices that came and went since. */
  config: DomainConfig;
  /** How its kernel lays out what it shares. */
  readonly abi: Abi;
  readonly baseDir: string;
  /** Devices by backend path, in order of attachment. */
  readonly devices: Map<string, DeviceNodes>;
  /** Of an HVM guest. */
  readonly emulated?: EmulatedDevices;
  /** Takes away the guest's side: its xenbus and subscriptions. Resolves when none of its drivers has anything under way. */
  stopGuest: () => void | Promise<void>;
  /** Its end, once that has begun: there is one, and nothing else begins after it. */
  destroying: Promise<void> | undefined;
  /** The last of the operations that change its devices or nodes; they wait for one another. */
  lastOperation: Promise<void>;
}

/** Runs an operation on a domain after those under way: nodes written during its end would stay for ever. */
export const exclusively = <T>(record: DomainRecord, operation: () => Promise<T>): Promise<T> => {
  const result = record.lastOperation.then(operation);
  record.lastOperation = result.then(
    () => undefined,
    () => undefined,
  );
  return result;
};
