import type {Check} from '../../check.ts';
import {discardChecks} from './discard.ts';
import {flushChecks} from './flush.ts';
import {frontendChecks} from './frontend.ts';
import {indirectChecks} from './indirect.ts';
import {layoutChecks} from './layout.ts';
import {negotiationChecks} from './negotiation.ts';
import {persistentChecks} from './persistent.ts';
import {queueChecks} from './queues.ts';
import {requestChecks} from './requests.ts';

export const blkifChecks: readonly Check[] = [
  ...negotiationChecks,
  ...layoutChecks,
  ...requestChecks,
  ...frontendChecks,
  ...flushChecks,
  ...discardChecks,
  ...indirectChecks,
  ...persistentChecks,
  ...queueChecks,
];
