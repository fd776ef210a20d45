import {modelWork} from '../../../../hypervisor/cost/index.ts';
import type {Counter} from '../counter.ts';
import {cellsOf, kiloPerSec, type PaperTable} from '../paper-table.ts';
import {kvmHost} from '../setups.ts';
import {netTx, timeOf} from '../software.ts';

/** Without a FCS. */
const FRAME_BYTES = 60;
/** Frames that are sent together where they are not alone. */
const UNDER_WAY = 64;

interface At {
  readonly driver: string;
  readonly depth: number;
}

const model = async ({driver, depth}: At, counter: Counter): Promise<number> => {
  const work = await counter.count({device: 'net', driver, operation: 'tx', sizeBytes: FRAME_BYTES, depth});
  const softwareNs = timeOf(netTx, kvmHost);
  return kiloPerSec(modelWork(work, UNDER_WAY, counter.list, {guestNs: softwareNs, backendNs: softwareNs}));
};

export const p16: PaperTable = {
  id: 'P16',
  claim:
    'Fewer interrupts and fewer writes to TDT lift an e1000 from tens of thousands of packets a second to a million',
  source: 'Rizzo et al., Speeding up packet I/O in virtual machines, ANCS 2013',
  certainty: 'recalled',
  priceList: 'dall2016-kvm',
  unit: 'kpps sent',
  setups: [kvmHost],
  software: [netTx],
  counts:
    'net e1000, frames of 64 bytes, alone and 64 at a time; combined writes, which our driver does not do, are derived',
  cells: cellsOf(
    [
      {name: 'an interrupt a frame', driver: 'e1000', depth: 1},
      {name: 'interrupts moderated', driver: 'e1000', depth: UNDER_WAY},
      {name: 'writes to TDT combined, too', published: 1000, driver: 'e1000-combining', depth: UNDER_WAY},
    ],
    model,
  ),
  ratios: [],
  shapes: [
    {
      says: 'an interrupt a frame: tens of kpps',
      holds: (value) => value('an interrupt a frame') > 10 && value('an interrupt a frame') < 100,
    },
    {
      says: 'moderated: hundreds of kpps',
      holds: (value) => value('interrupts moderated') > 100 && value('interrupts moderated') < 1000,
    },
    {
      says: 'combined, too: a million, give or take a half',
      holds: (value) => Math.abs(value('writes to TDT combined, too') / 1000 - 1) <= 0.5,
    },
  ],
  lacks:
    "what the device model does for a frame besides one access: QEMU's e1000 reads and writes its descriptor and hands it to a tap",
};
