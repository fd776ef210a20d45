import type {Subject} from '../iut/iut.ts';
import type {DeviceStandOptions} from './device-stand.ts';
import type {Stand} from './stand.ts';
import {VbdBackendStand} from './vbd-backend.ts';
import {VbdFrontendStand} from './vbd-frontend.ts';

/** What a check of each subject gets. */
export interface Stands {
  'frontend/vbd': VbdFrontendStand;
  'backend/vbd': VbdBackendStand;
}

/** Makes the host, loads the implementation. */
export const openStand: Readonly<Record<Subject, (options: DeviceStandOptions) => Promise<Stand>>> = {
  'frontend/vbd': (options) => VbdFrontendStand.open(options),
  'backend/vbd': (options) => VbdBackendStand.open(options),
};
