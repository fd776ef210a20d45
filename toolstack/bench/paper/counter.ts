import {difference, Ledger, type PriceList, type Work} from '../../../hypervisor/cost/index.ts';
import {createRig} from '../../conform/rig.ts';
import {findDriver} from '../drivers/index.ts';
import {type BenchPoint, formatPoint} from '../point.ts';

const SEED = 1;
const DOM0_PAGES = 32768;
/** I/Os that are counted, and as many before that are not, for each that is under way at once. */
const TURNS = 8;
const MIN_IOS = 64;

/** What a table has to say of a point; one queue and one guest by default. */
export type CountedPoint = Omit<BenchPoint, 'queues' | 'guests'> & Partial<Pick<BenchPoint, 'queues' | 'guests'>>;

/** Runs real drivers for the tables, and has the prices that what they count is to be modelled with. */
export class Counter {
  readonly list: PriceList;
  private readonly known = new Map<string, Promise<Work>>();

  constructor(list: PriceList) {
    this.list = list;
  }

  /** What the point's I/O counts. Tables that ask for the same point share one run. */
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
      const run = () => Promise.all(jobs.map((job) => job.run(ios)));
      await run();
      const before = ledger.read();
      await run();
      return {entries: difference(ledger.read(), before), requests: ios * jobs.length};
    });
  } finally {
    rig.close();
  }
};
