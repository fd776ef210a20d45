import type {Check} from '../../check.ts';
import {ringLayoutChecks} from './layout.ts';

export const ringChecks: readonly Check[] = [...ringLayoutChecks];
