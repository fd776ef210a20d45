import type {Check} from '../../check.ts';
import {evtchnBindingChecks} from './binding.ts';
import {evtchnClosingChecks} from './closing.ts';
import {evtchnFifoChecks} from './fifo.ts';
import {fifoPriorityChecks} from './fifo-priority.ts';
import {evtchnLimitChecks} from './limits.ts';
import {evtchnSendingChecks} from './sending.ts';
import {evtchnTwoLevelChecks} from './two-level.ts';
import {evtchnUseChecks} from './use.ts';

export const evtchnChecks: readonly Check[] = [
  ...evtchnBindingChecks,
  ...evtchnClosingChecks,
  ...evtchnSendingChecks,
  ...evtchnLimitChecks,
  ...evtchnTwoLevelChecks,
  ...evtchnFifoChecks,
  ...fifoPriorityChecks,
  ...evtchnUseChecks,
];
