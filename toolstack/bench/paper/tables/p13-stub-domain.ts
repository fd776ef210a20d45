import {parsePriceList, type PriceList} from '../../../../hypervisor/cost/index.ts';
import type {Counter} from '../counter.ts';
import {ethernetSoftware, modelEthernet} from '../emulated-net.ts';
import {cellsOf, type PaperTable} from '../paper-table.ts';
import {stubDomains} from '../setups.ts';

const FRAME_BYTES = 1514;

/** Has the price of an access to a device model that is a process in dom0. */
const PROCESS_LIST = 'dall2016-x86-process';

interface At {
  readonly isProcess: boolean;
}

/** The list as it is, for a device model that is a domain. */
const listFor = ({isProcess}: At, list: PriceList): PriceList =>
  isProcess ? {...list, tags: {...list.tags, ioreq: parsePriceList(PROCESS_LIST).tags.ioreq}} : list;

/** Frames a second. */
const rate = async (at: At, counter: Counter): Promise<number> => {
  const load = {setup: stubDomains, driver: 'rtl8139', operation: 'tx', frameBytes: FRAME_BYTES} as const;
  return (await modelEthernet(load, counter, listFor(at, counter.list))).throughputPerSec;
};

const model = async (at: At, counter: Counter): Promise<number> =>
  (await rate(at, counter)) / (await rate({isProcess: true}, counter));

export const p13: PaperTable = {
  id: 'P13',
  claim: 'A device model in a domain of its own doubles what an emulated network card does',
  source: 'Thibault, Xen 3.3 feature: HVM device model domain, 2008',
  certainty: 'read',
  priceList: 'dall2016-x86',
  unit: 'of the rate with a process in dom0',
  setups: [stubDomains],
  software: ethernetSoftware,
  counts: `net rtl8139, frames of 1514 bytes sent, one at a time; a process in dom0 is priced by ${PROCESS_LIST}`,
  cells: cellsOf(
    [
      {name: 'process in dom0', published: 1, isProcess: true},
      {name: 'stub domain', published: 2, isProcess: false},
    ],
    model,
  ),
  ratios: [{name: 'stub domain against process in dom0', of: 'stub domain', to: 'process in dom0'}],
  shapes: [{says: 'a stub domain is faster', holds: (value) => value('stub domain') > 1.2 * value('process in dom0')}],
  lacks:
    "what dom0 does meanwhile: a process has to wait for its turn among dom0's others, and dom0 for its turn among the domains",
};
