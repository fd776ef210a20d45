import type {Check} from '../check.ts';
import {blockConnectionAttacks} from './block-connection.ts';
import {blockRequestAttacks} from './block-requests.ts';
import {eventChannelAttacks} from './event-channels.ts';
import {grantAttacks} from './grants.ts';
import {doubleFetchAttacks} from './double-fetch.ts';
import {netAttacks} from './net.ts';
import {scsiAttacks} from './scsi.ts';
import {toolstackAttacks} from './toolstack.ts';
import {storeAttacks} from './xenstored.ts';

/** Security advisories played against an implementation: the clause of each is the advisory's id. */
export const attacks: readonly Check[] = [
  ...doubleFetchAttacks,
  ...blockRequestAttacks,
  ...blockConnectionAttacks,
  ...netAttacks,
  ...scsiAttacks,
  ...toolstackAttacks,
  ...storeAttacks,
  ...grantAttacks,
  ...eventChannelAttacks,
];
