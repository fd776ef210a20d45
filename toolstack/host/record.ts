import type {DomId} from '../../hypervisor/index.ts';
import type {DomainConfig} from '../config/index.ts';
import type {DeviceNodes, KernelImage} from '../builder/index.ts';

/** What the toolstack knows of a domain it made, beside what stands in xenstore. */
export interface DomainRecord {
  readonly domid: DomId;
  /** As it would be created again: defaults filled in, devices that came and went since. */
  config: DomainConfig;
  readonly image: KernelImage;
  readonly baseDir: string;
  /** Devices by backend path, in order of attachment. */
  readonly devices: Map<string, DeviceNodes>;
  /** Takes away the guest's side: its xenbus and subscriptions. */
  stopGuest: () => void;
  /** Resolves once the domain has been built, or could not be. */
  built: Promise<void>;
  /** Guards against two teardowns of one domain. */
  destroying: Promise<void> | undefined;
}
