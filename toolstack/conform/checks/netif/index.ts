import type {Check} from '../../check.ts';
import {negotiationChecks} from './negotiation.ts';
import {txChecks} from './tx.ts';

export const netifChecks: readonly Check[] = [...negotiationChecks, ...txChecks];
