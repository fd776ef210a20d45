import type {Check} from '../../check.ts';
import {storeWireChecks} from './wire.ts';

export const storeChecks: readonly Check[] = [...storeWireChecks];
