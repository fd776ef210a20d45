import type {Check} from '../../check.ts';
import {storeClientChecks} from './client.ts';
import {storePathChecks} from './paths.ts';
import {storePermissionChecks} from './permissions.ts';
import {storeQuotaChecks} from './quotas.ts';
import {storeRingChecks} from './ring.ts';
import {storeTransactionChecks} from './transactions.ts';
import {storeWatchChecks} from './watches.ts';
import {storeWireChecks} from './wire.ts';

export const storeChecks: readonly Check[] = [
  ...storeWireChecks,
  ...storeRingChecks,
  ...storePathChecks,
  ...storePermissionChecks,
  ...storeWatchChecks,
  ...storeTransactionChecks,
  ...storeQuotaChecks,
  ...storeClientChecks,
];
