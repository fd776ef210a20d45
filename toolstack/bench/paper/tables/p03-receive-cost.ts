import {demandOf} from '../../../../hypervisor/cost/index.ts';
import type {Counter} from '../counter.ts';
import {cellsOf, type PaperTable} from '../paper-table.ts';
import {santos2008} from '../setups.ts';
import {netRx, timeOf} from '../software.ts';

const FRAME_BYTES = 1514;
const DEPTH = 64;

interface At {
  readonly driver: string;
}

/** CPU of guest and dom0 for a frame, ns. */
const costNs = async ({driver}: At, counter: Counter): Promise<number> => {
  const point = {device: 'net', driver, operation: 'rx', sizeBytes: FRAME_BYTES, depth: DEPTH} as const;
  const {entries, requests} = await counter.count(point);
  const {guestNs, backendNs, lockNs} = demandOf(entries, counter.list);
  return (guestNs + backendNs + lockNs) / requests + 2 * timeOf(netRx, santos2008);
};

const model = async (at: At, counter: Counter): Promise<number> =>
  (await costNs(at, counter)) / (await costNs({driver: 'pv'}, counter));

export const p03: PaperTable = {
  id: 'P3',
  claim: 'Grants that are used again, and fewer copies in dom0, take 56 % off what it costs to receive',
  source:
    'Santos et al., Bridging the gap between software and hardware techniques for I/O virtualization, USENIX 2008',
  certainty: 'read',
  priceList: 'staging2017-x86',
  unit: "of the CPU's time as it was",
  setups: [santos2008],
  software: [netRx],
  counts: 'net pv and pv-static, frames of 1514 bytes received, 64 under way',
  cells: cellsOf(
    [
      {name: 'as it was', published: 1, driver: 'pv'},
      {name: 'optimised', published: 1 - 0.56, driver: 'pv-static'},
    ],
    model,
  ),
  ratios: [{name: 'optimised against as it was', of: 'optimised', to: 'as it was'}],
  shapes: [{says: 'about half of the cost goes, a third at least', holds: (value) => value('optimised') < 2 / 3}],
  lacks:
    "the network card's driver and the bridge in dom0, and the guest's TCP, which no grant changes: a part of the cost that the paper " +
    'counts and pktgen does not',
};
