import type {Check} from '../../check.ts';
import {evtchnOperationChecks} from './operations.ts';
import {evtchnTwoLevelChecks} from './two-level.ts';

export const evtchnChecks: readonly Check[] = [...evtchnOperationChecks, ...evtchnTwoLevelChecks];
