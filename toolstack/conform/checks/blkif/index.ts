import type {Check} from '../../check.ts';
import {layoutChecks} from './layout.ts';
import {negotiationChecks} from './negotiation.ts';
import {requestChecks} from './requests.ts';

export const blkifChecks: readonly Check[] = [...negotiationChecks, ...layoutChecks, ...requestChecks];
