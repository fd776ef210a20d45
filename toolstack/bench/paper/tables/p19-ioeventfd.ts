import {demandOf} from '../../../../hypervisor/cost/index.ts';
import type {Counter} from '../counter.ts';
import {derivedWork} from '../derived.ts';
import {cellsOf, type PaperTable} from '../paper-table.ts';
import {kvmtoolHost} from '../setups.ts';

/** As Linux reads ahead. */
const REQUEST_KIB = 128;
const NS_PER_S = 1e9;

/** A request of virtio-blk: a write to its notify register, and an interrupt when it is done. */
const interrupt = {irq: 1, eoi: 1};
const toProcess = derivedWork({front: {pio: 1, ioreq: 1, ...interrupt}, back: {}});
/** The register's write ends in the kernel, which wakes a thread. */
const toKernel = derivedWork({front: {pio: 1, ...interrupt}, back: {}});

interface At {
  /** Of the row without ioeventfd, KiB/s. */
  readonly hostKibPerSec: number;
  readonly isInKernel: boolean;
}

const model = ({hostKibPerSec, isInKernel}: At, {list}: Counter): Promise<number> => {
  const guestNs = ({entries}: typeof toProcess): number => demandOf(entries, list).guestNs;
  const beforeNs = (REQUEST_KIB / hostKibPerSec) * NS_PER_S;
  const savedNs = isInKernel ? guestNs(toProcess) - guestNs(toKernel) : 0;
  return Promise.resolve((REQUEST_KIB / (beforeNs - savedNs)) * NS_PER_S);
};

const OUT = 381127;
const IN = 717109;

export const p19: PaperTable = {
  id: 'P19',
  claim: 'An exit that ends in the kernel, and not in a process, lifts virtio-blk by a fifth',
  source: "kvmtool's commit 37f3d50e, bonnie++",
  certainty: 'read',
  priceList: 'dall2016-kvm',
  unit: 'KiB/s',
  setups: [kvmtoolHost],
  software: [],
  counts: 'virtio-blk, which is not here: derived, an exit and an interrupt a request',
  cells: cellsOf(
    [
      {name: 'block out, exit to the process', published: OUT, isFitted: true, hostKibPerSec: OUT, isInKernel: false},
      {name: 'block out, ioeventfd', published: 459779, hostKibPerSec: OUT, isInKernel: true},
      {name: 'block in, exit to the process', published: IN, isFitted: true, hostKibPerSec: IN, isInKernel: false},
      {name: 'block in, ioeventfd', published: 860395, hostKibPerSec: IN, isInKernel: true},
    ],
    model,
  ),
  ratios: ['block out', 'block in'].map((name) => ({
    name: `${name}: ioeventfd against without`,
    of: `${name}, ioeventfd`,
    to: `${name}, exit to the process`,
  })),
  shapes: [
    {
      says: 'ioeventfd explains at least half of the gain',
      holds: (value) => value('block in, ioeventfd') > 1.1 * value('block in, exit to the process'),
    },
  ],
  lacks:
    'nearly all of the gain: one exit to a process, of 4 us, is 2 % of the 178 us that 128 KiB take. Requests may have been smaller; ' +
    'what else the vCPU waited for is not known',
};
