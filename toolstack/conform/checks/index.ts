import type {Check} from '../check.ts';
import {blkifChecks} from './blkif/index.ts';
import {consoleChecks} from './console/index.ts';
import {evtchnChecks} from './evtchn/index.ts';
import {grantChecks} from './grant/index.ts';
import {netifChecks} from './netif/index.ts';
import {ringChecks} from './ring/index.ts';
import {vscsiChecks} from './vscsi/index.ts';
import {xenbusChecks} from './xenbus/index.ts';
import {storeChecks} from './xenstore/index.ts';

/** All checks there are, in the order of the catalogue. */
export const checks: readonly Check[] = [
  ...ringChecks,
  ...grantChecks,
  ...evtchnChecks,
  ...storeChecks,
  ...xenbusChecks,
  ...consoleChecks,
  ...blkifChecks,
  ...netifChecks,
  ...vscsiChecks,
];
