import type {Check} from '../../check.ts';
import {layoutChecks} from './layout.ts';

/** io/vscsiif.h */
export const vscsiChecks: readonly Check[] = [...layoutChecks];
