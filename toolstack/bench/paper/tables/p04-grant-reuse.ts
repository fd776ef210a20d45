import type {Counter} from '../counter.ts';
import {modelNet} from '../net-model.ts';
import {cellsOf, type PaperTable} from '../paper-table.ts';
import {ram2009} from '../setups.ts';
import {netRx} from '../software.ts';

const FRAME_BYTES = 1514;
/** Of a frame on the wire: preamble, FCS and gap. */
const WIRE_BYTES = FRAME_BYTES + 24;
const PAYLOAD_BITS = 1448 * 8;
const DEPTH = 64;

interface At {
  readonly driver: string;
}

/** Gbit/s of TCP's data. */
const model = async ({driver}: At, counter: Counter): Promise<number> => {
  const point = {device: 'net', driver, operation: 'rx', sizeBytes: FRAME_BYTES, depth: DEPTH} as const;
  const load = {setup: ram2009, queues: 1, software: netRx, sizeBytes: WIRE_BYTES};
  return (modelNet(await counter.count(point), load, counter).throughputPerSec * PAYLOAD_BITS) / 1e9;
};

export const p04: PaperTable = {
  id: 'P4',
  claim: 'Grants that are used again bring a guest to the rate of a 10 Gbit/s line',
  source: 'Ram et al., Achieving 10 Gb/s using safe and transparent network interface virtualization, VEE 2009',
  certainty: 'recalled',
  priceList: 'staging2017-x86',
  unit: 'Gbit/s of data',
  setups: [ram2009],
  software: [netRx],
  counts: 'net pv and pv-static, frames of 1514 bytes received, 64 under way',
  cells: cellsOf(
    [
      {name: 'as it was', published: 2.9, driver: 'pv'},
      {name: 'grants used again', published: 9.3, driver: 'pv-static'},
    ],
    model,
  ),
  ratios: [{name: 'grants used again against as it was', of: 'grants used again', to: 'as it was'}],
  shapes: [
    {says: 'used again: at the rate of the line', holds: (value) => value('grants used again') > 9},
    {says: 'as it was: not', holds: (value) => value('as it was') < 0.8 * 9},
  ],
  lacks:
    "the network card's driver and the bridge in dom0, which share its CPU with netback as it was; the paper's card had a queue for " +
    'each guest and needed no bridge in the end',
};
