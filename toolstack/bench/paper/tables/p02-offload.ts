import {demandOf, type Work} from '../../../../hypervisor/cost/index.ts';
import type {Counter} from '../counter.ts';
import {cellsOf, type PaperTable} from '../paper-table.ts';
import {menon2006} from '../setups.ts';
import {netTx, tcpBulk, timeOf} from '../software.ts';

/** Of TCP's data. */
const BULK_BYTES = 65535;
const FRAME_BYTES = 1514;
const PAYLOAD_BYTES = 1448;
const DEPTH = {[FRAME_BYTES]: 64, [BULK_BYTES]: 8};

interface At {
  readonly packetBytes: typeof FRAME_BYTES | typeof BULK_BYTES;
}

/** Mbit/s of one CPU that runs the guest and the driver domain in turns. */
const model = async ({packetBytes}: At, counter: Counter): Promise<number> => {
  const point = {device: 'net', driver: 'pv-map', operation: 'tx'} as const;
  const work = await counter.count({...point, sizeBytes: packetBytes, depth: DEPTH[packetBytes]});
  const packets = packetBytes === BULK_BYTES ? 1 : BULK_BYTES / PAYLOAD_BYTES;
  // Each end has a packet in its hands; the guest's TCP has all of the data.
  const packetNs = costNs(work, counter) + 2 * timeOf(netTx, menon2006);
  return (BULK_BYTES * 8 * 1e3) / (packets * packetNs + timeOf(tcpBulk, menon2006));
};

const costNs = ({entries, requests}: Work, {list}: Counter): number => {
  const {guestNs, backendNs, lockNs} = demandOf(entries, list);
  return (guestNs + backendNs + lockNs) / requests;
};

export const p02: PaperTable = {
  id: 'P2',
  claim: 'Packets that the guest does not cut, and superpages, lift what a guest sends four times',
  source: 'Menon, Cox, Zwaenepoel, Optimizing network virtualization in Xen, USENIX 2006',
  certainty: 'recalled',
  priceList: 'dall2016-x86',
  unit: 'Mbit/s sent',
  setups: [menon2006],
  software: [netTx, tcpBulk],
  counts: 'net pv-map, frames of 1514 bytes, 64 under way, and packets of 64 KiB, 8 under way',
  cells: cellsOf<At>(
    [
      {name: 'cut by the guest', published: 750, packetBytes: FRAME_BYTES},
      {name: 'never cut', published: 3310, packetBytes: BULK_BYTES},
    ],
    model,
  ),
  ratios: [{name: 'never cut against cut by the guest', of: 'never cut', to: 'cut by the guest'}],
  shapes: [{says: 'a multiple', holds: (value) => value('never cut') > 2 * value('cut by the guest')}],
  lacks:
    'superpages and checksums that the card makes, which are a part of the gain; and what guests receive (820 to 970 Mbit/s), where the ' +
    'gain is of the TLB, which no price here is of',
};
