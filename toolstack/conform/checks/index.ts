import type {Check} from '../check.ts';
import {ringChecks} from './ring/index.ts';

/** All checks there are, in the order of the catalogue. */
export const checks: readonly Check[] = [...ringChecks];
