import type {Counter} from '../counter.ts';
import {without} from '../derived.ts';
import {modelNet} from '../net-model.ts';
import {cellsOf, type PaperTable} from '../paper-table.ts';
import {machine2007} from '../setups.ts';
import {tcpBulk} from '../software.ts';

const PACKET_BYTES = 65535;
const DEPTH = 8;

interface At {
  readonly isLazy: boolean;
}

/** Packets a second. Our netback copies what it has mapped, as netloop did; lazily, nobody does. */
const rate = async ({isLazy}: At, counter: Counter): Promise<number> => {
  const point = {device: 'net', driver: 'pv-map', operation: 'tx', sizeBytes: PACKET_BYTES, depth: DEPTH} as const;
  const counted = await counter.count(point);
  const work = isLazy ? without(counted, 'memcpyBytes') : counted;
  const load = {setup: machine2007, queues: 1, software: tcpBulk, sizeBytes: PACKET_BYTES};
  return modelNet(work, load, counter).throughputPerSec;
};

const model = async (at: At, counter: Counter): Promise<number> =>
  (await rate(at, counter)) / (await rate({isLazy: false}, counter));

export const p06: PaperTable = {
  id: 'P6',
  claim: 'Mapped pages that nobody copies lift bulk transfers to dom0 by half',
  source: 'xen-devel 2007-03, "Remove netloop by lazy copying in netback"',
  certainty: 'read',
  priceList: 'dall2016-x86',
  unit: 'of the rate with copies',
  setups: [machine2007],
  software: [tcpBulk],
  counts: 'net pv-map, TCP packets of 64 KiB, 8 under way; once with the bytes that netback copies, once without',
  cells: cellsOf(
    [
      {name: 'copied', published: 1, isLazy: false},
      {name: 'lazily', published: 1.5, isLazy: true},
    ],
    model,
  ),
  ratios: [{name: 'lazily against copied', of: 'lazily', to: 'copied'}],
  shapes: [{says: 'lazily is faster', holds: (value) => value('lazily') > value('copied')}],
  lacks:
    "copies that miss the caches: the list's price is one of 27 GB/s; memories of 2007 did a tenth of that (with " +
    '--price dall2016-x86,memcpyByte=0.2 the gain is a half)',
};
