import type {Check} from '../../check.ts';
import {requestChecks} from './requests.ts';

export const blkifChecks: readonly Check[] = [...requestChecks];
