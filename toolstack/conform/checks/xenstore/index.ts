import type {Check} from '../../check.ts';
import {storePathChecks} from './paths.ts';
import {storePermissionChecks} from './permissions.ts';
import {storeTransactionChecks} from './transactions.ts';
import {storeWatchChecks} from './watches.ts';
import {storeWireChecks} from './wire.ts';

export const storeChecks: readonly Check[] = [
  ...storeWireChecks,
  ...storePathChecks,
  ...storePermissionChecks,
  ...storeWatchChecks,
  ...storeTransactionChecks,
];
