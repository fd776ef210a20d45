import type {Schedule} from '../../hypervisor/schedule/index.ts';
import type {XsClient} from '../../hypervisor/xenstore/index.ts';
import type {FindBackendDomain} from './backend-domain.ts';
import type {Devices} from './devices.ts';
import type {Hotplug} from './hotplug.ts';

/** What attaching a device of any kind takes. */
export interface DeviceParts {
  clock: Schedule;
  xs: XsClient;
  devices: Devices;
  hotplug: Hotplug;
  findBackend: FindBackendDomain;
}
