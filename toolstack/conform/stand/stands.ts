import type {Subject} from '../iut/iut.ts';
import type {DeviceStandOptions} from './device-stand.ts';
import {ConsoleBackendStand} from './console-backend.ts';
import {ConsoleFrontendStand} from './console-frontend.ts';
import {HypervisorStand} from './hypervisor.ts';
import type {Stand} from './stand.ts';
import {StoreClientStand} from './store-client.ts';
import {ToolstackStand} from './toolstack.ts';
import {VbdBackendStand} from './vbd-backend.ts';
import {VbdFrontendStand} from './vbd-frontend.ts';
import {VifBackendStand} from './vif-backend.ts';
import {VifFrontendStand} from './vif-frontend.ts';
import {VscsiBackendStand} from './vscsi-backend.ts';
import {VscsiFrontendStand} from './vscsi-frontend.ts';
import {XenstoredStand} from './xenstored.ts';

/** What a check of each subject gets. */
export interface Stands {
  'frontend/vbd': VbdFrontendStand;
  'backend/vbd': VbdBackendStand;
  'frontend/vif': VifFrontendStand;
  'backend/vif': VifBackendStand;
  'frontend/vscsi': VscsiFrontendStand;
  'backend/vscsi': VscsiBackendStand;
  'frontend/console': ConsoleFrontendStand;
  'backend/console': ConsoleBackendStand;
  'frontend/store': StoreClientStand;
  xenstored: XenstoredStand;
  hypervisor: HypervisorStand;
  toolstack: ToolstackStand;
}

/** Makes the host, loads the implementation. */
export const openStand: Readonly<Record<Subject, (options: DeviceStandOptions) => Promise<Stand>>> = {
  'frontend/vbd': (options) => VbdFrontendStand.open(options),
  'backend/vbd': (options) => VbdBackendStand.open(options),
  'frontend/vif': (options) => VifFrontendStand.open(options),
  'backend/vif': (options) => VifBackendStand.open(options),
  'frontend/vscsi': (options) => VscsiFrontendStand.open(options),
  'backend/vscsi': (options) => VscsiBackendStand.open(options),
  'frontend/console': (options) => ConsoleFrontendStand.open(options),
  'backend/console': (options) => ConsoleBackendStand.open(options),
  'frontend/store': (options) => StoreClientStand.open(options),
  xenstored: (options) => XenstoredStand.open(options),
  hypervisor: (options) => HypervisorStand.open(options),
  toolstack: (options) => ToolstackStand.open(options),
};
