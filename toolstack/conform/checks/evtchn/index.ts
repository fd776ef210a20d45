import type {Check} from '../../check.ts';
import {evtchnFifoChecks} from './fifo.ts';
import {fifoPriorityChecks} from './fifo-priority.ts';
import {evtchnOperationChecks} from './operations.ts';
import {evtchnTwoLevelChecks} from './two-level.ts';
import {evtchnUseChecks} from './use.ts';

export const evtchnChecks: readonly Check[] = [
  ...evtchnOperationChecks,
  ...evtchnTwoLevelChecks,
  ...evtchnFifoChecks,
  ...fifoPriorityChecks,
  ...evtchnUseChecks,
];
