import type {Check} from '../../check.ts';
import {grantMapChecks} from './map.ts';

export const grantChecks: readonly Check[] = [...grantMapChecks];
