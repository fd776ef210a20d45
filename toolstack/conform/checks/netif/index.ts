import type {Check} from '../../check.ts';
import {controlChecks} from './control.ts';
import {frontendOffloadChecks} from './frontend-offload.ts';
import {frontendRxChecks} from './frontend-rx.ts';
import {frontendTxChecks} from './frontend-tx.ts';
import {headroomChecks} from './headroom.ts';
import {hashingChecks} from './hashing.ts';
import {hostileChecks} from './hostile.ts';
import {multicastChecks} from './multicast.ts';
import {negotiationChecks} from './negotiation.ts';
import {offloadChecks} from './offload.ts';
import {rxChecks} from './rx.ts';
import {txChecks} from './tx.ts';
import {waitingChecks} from './waiting.ts';

export const netifChecks: readonly Check[] = [
  ...negotiationChecks,
  ...txChecks,
  ...frontendTxChecks,
  ...rxChecks,
  ...frontendRxChecks,
  ...offloadChecks,
  ...controlChecks,
  ...hashingChecks,
  ...multicastChecks,
  ...waitingChecks,
  ...headroomChecks,
  ...hostileChecks,
  ...frontendOffloadChecks,
];
