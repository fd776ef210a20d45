import {difference, Ledger, type PriceList, type Work} from '../../../hypervisor/cost/index.ts';
import {createRig, type Rig} from '../../conform/rig.ts';
import type {BenchJob} from '../driver.ts';
import {findDriver} from '../drivers/index.ts';
import {type BenchPoint, formatPoint} from '../point.ts';

const SEED = 1;
const DOM0_PAGES = 32768;
/** I/Os that are counted, and as many before that are not, for each that is under way at once. */
const TURNS = 8;
const MIN_IOS = 64;
/** Enough for every interrupt and response. */
const REST_NS = 1e6;

/** What a table has to say of a point; one queue and one guest by default. */
export type CountedPoint = Omit<BenchPoint, 'queues' | 'guests'> & Partial<Pick<BenchPoint, 'queues' | 'guests'>>;

/** Runs real drivers for the tables, and has the prices that what they count is to be modelled with. */
export class Counter {
  readonly list: PriceList;
  private readonly known = new Map<string, Promise<Work>>();

  constructor(list: PriceList) {
    this.list = list;
  }

  /** What the point's I/O counts. A point that is asked for again is not run again. */
  count(asked: CountedPoint): Promise<Work> {
    const point = {queues: 1, guests: 1, ...asked};
    const key = formatPoint(point);
    const known = this.known.get(key) ?? countPoint(point);
    this.known.set(key, known);
    return known;
  }
}

const countPoint = async (point: BenchPoint): Promise<Work> => {
  const ledger = new Ledger();
  const rig = await createRig({seed: SEED, ledger, traced: false, dom0Pages: DOM0_PAGES});
  try {
    return await rig.run(async () => {
      const jobs = await findDriver(point).start(rig, point);
      const ios = Math.max(MIN_IOS, TURNS * point.depth);
      await runAll(rig, jobs, point.depth, ios);
      const before = ledger.read();
      await runAll(rig, jobs, point.depth, ios);
      return {entries: difference(ledger.read(), before), requests: ios * jobs.length};
    });
  } finally {
    rig.close();
  }
};

/** Of depth 1, each I/O has the host to itself, with its interrupts and all that comes after it. */
const runAll = async (rig: Rig, jobs: readonly BenchJob[], depth: number, ios: number): Promise<void> => {
  const turn = depth === 1 ? 1 : ios;
  for (let done = 0; done < ios; done += turn) {
    await Promise.all(jobs.map((job) => job.run(turn)));
    if (depth === 1) await rig.settle(REST_NS);
  }
};
