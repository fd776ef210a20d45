import type {Check} from '../../check.ts';
import {frontendRxChecks} from './frontend-rx.ts';
import {frontendTxChecks} from './frontend-tx.ts';
import {negotiationChecks} from './negotiation.ts';
import {offloadChecks} from './offload.ts';
import {rxChecks} from './rx.ts';
import {txChecks} from './tx.ts';

export const netifChecks: readonly Check[] = [
  ...negotiationChecks,
  ...txChecks,
  ...frontendTxChecks,
  ...rxChecks,
  ...frontendRxChecks,
  ...offloadChecks,
];
