import type {Check} from '../../check.ts';
import {choiceChecks} from './choices.ts';
import {discardChecks} from './discard.ts';
import {flushChecks} from './flush.ts';
import {frontendChecks} from './frontend.ts';
import {indirectChecks} from './indirect.ts';
import {layoutChecks} from './layout.ts';
import {offerChecks} from './offers.ts';
import {persistentChecks} from './persistent.ts';
import {queueChecks} from './queues.ts';
import {requestChecks} from './requests.ts';
import {segmentChecks} from './segments.ts';
import {windowsChecks} from './windows.ts';

export const blkifChecks: readonly Check[] = [
  ...offerChecks,
  ...choiceChecks,
  ...layoutChecks,
  ...requestChecks,
  ...segmentChecks,
  ...frontendChecks,
  ...flushChecks,
  ...discardChecks,
  ...indirectChecks,
  ...persistentChecks,
  ...queueChecks,
  ...windowsChecks,
];
