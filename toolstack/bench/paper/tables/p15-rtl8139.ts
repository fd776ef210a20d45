import type {Counter} from '../counter.ts';
import {ethernetSoftware, modelEthernet} from '../emulated-net.ts';
import {cellsOf, type PaperTable} from '../paper-table.ts';
import {kvmHost} from '../setups.ts';

const FRAME_BYTES = 1514;

interface At {
  readonly driver: string;
  readonly operation: 'tx' | 'rx';
}

/** Mbit/s of frames. */
const model = async ({driver, operation}: At, counter: Counter): Promise<number> => {
  const load = {setup: kvmHost, driver, operation, frameBytes: FRAME_BYTES};
  return ((await modelEthernet(load, counter)).throughputPerSec * FRAME_BYTES * 8) / 1e6;
};

const operations = ['tx', 'rx'] as const;
const emulated = ['rtl8139', 'e1000'];

export const p15: PaperTable = {
  id: 'P15',
  claim: 'Under KVM, too, emulated cards are far below a paravirtual one',
  source: 'ilsistemista.net (CentOS 6) and anserinae.net (FreeBSD), one run each',
  certainty: 'read',
  priceList: 'dall2016-kvm',
  unit: 'Mbit/s of frames',
  setups: [kvmHost],
  software: ethernetSoftware,
  counts: 'net rtl8139 and e1000, sending 1 and receiving 8; net pv, 64 under way, in place of virtio-net',
  cells: cellsOf<At>(
    [
      {name: 'rtl8139, tx, CentOS', published: 100, driver: 'rtl8139', operation: 'tx'},
      {name: 'rtl8139, rx, CentOS', published: 400, driver: 'rtl8139', operation: 'rx'},
      {name: 'rtl8139, tx, FreeBSD', published: 1140, driver: 'rtl8139', operation: 'tx'},
      ...['e1000', 'pv'].flatMap((driver) =>
        operations.map((operation) => ({name: `${driver}, ${operation}`, driver, operation})),
      ),
    ],
    model,
  ),
  ratios: [],
  shapes: [
    {
      says: 'PV does at least three times as much as any emulated card, either way',
      holds: (value) =>
        operations.every((operation) =>
          emulated.every((driver) => {
            const cell = driver === 'rtl8139' ? `rtl8139, ${operation}, CentOS` : `${driver}, ${operation}`;
            return value(`pv, ${operation}`) > 3 * value(cell);
          }),
        ),
    },
    {
      says: 'rtl8139, sending: between what the two sources say',
      holds: (value) => value('rtl8139, tx, CentOS') > 100 && value('rtl8139, tx, CentOS') < 1140,
    },
  ],
  lacks:
    'whatever made the two sources differ by ten. That FreeBSD received no more than 2.1 Mbit/s is left out: no count explains it',
};
