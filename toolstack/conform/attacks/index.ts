import type {Check} from '../check.ts';
import {blockConnectionAttacks} from './block-connection.ts';
import {blockRequestAttacks} from './block-requests.ts';
import {eventChannelAttacks} from './event-channels.ts';
import {grantAttacks} from './grants.ts';
import {doubleFetchAttacks} from './double-fetch.ts';
import {netAttacks} from './net.ts';
import {scsiAttacks} from './scsi.ts';
import {storeAccessAttacks} from './store-access.ts';
import {storeQuotaAttacks} from './store-quota.ts';
import {storeRingAttacks} from './store-ring.ts';
import {storeTransactionAttacks} from './store-transactions.ts';
import {toolstackAttacks} from './toolstack.ts';

/** Security advisories played against an implementation: the clause of each is the advisory's id. */
export const attacks: readonly Check[] = [
  ...doubleFetchAttacks,
  ...blockRequestAttacks,
  ...blockConnectionAttacks,
  ...netAttacks,
  ...scsiAttacks,
  ...toolstackAttacks,
  ...storeRingAttacks,
  ...storeAccessAttacks,
  ...storeQuotaAttacks,
  ...storeTransactionAttacks,
  ...grantAttacks,
  ...eventChannelAttacks,
];
