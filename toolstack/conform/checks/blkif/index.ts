import type {Check} from '../../check.ts';
import {layoutChecks} from './layout.ts';
import {requestChecks} from './requests.ts';

export const blkifChecks: readonly Check[] = [...layoutChecks, ...requestChecks];
