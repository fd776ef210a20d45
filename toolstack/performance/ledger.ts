import {type Account, counted, Ledger} from '../../hypervisor/cost/index.ts';
import {PortTable} from '../../hypervisor/event-channel/channel.ts';
import {NS_PER_MS, NS_PER_S} from '../../hypervisor/schedule/index.ts';
import {BlockReader, inOrder, noData, type Workload} from './block-reader.ts';
import {type BenchRow, median} from './row.ts';

const WARM_UP_NS = NS_PER_S / 2;
const TURN_NS = NS_PER_S / 20;
const TURNS = 61;
const DEPTH = 32;

const workload = {storage: noData, depth: DEPTH, pages: 1, next: inOrder, persistent: true};

const pausedReader = (options: Workload): BlockReader => {
  const reader = new BlockReader(options);
  reader.pause();
  return reader;
};

/** Requests a second in one turn; nothing runs after it. */
const turn = async (reader: BlockReader, ns: number): Promise<number> => {
  reader.goOn();
  const rate = await reader.measure(ns);
  reader.pause();
  await reader.schedule.sleep(0);
  return rate;
};

/** Two disks, of which one is counted, in short turns so that both see the same machine. */
const compare = async (name: string, options: Workload): Promise<BenchRow> => {
  const plain = pausedReader(options);
  const counting = pausedReader({...options, ledger: new Ledger()});
  await turn(plain, WARM_UP_NS);
  await turn(counting, WARM_UP_NS);
  const ratios: number[] = [];
  const rates: number[] = [];
  for (let i = 0; i < TURNS; i++) {
    const without = await turn(plain, TURN_NS);
    const rate = await turn(counting, TURN_NS);
    ratios.push(rate / without);
    rates.push(rate / 1e6);
  }
  plain.schedule.close();
  counting.schedule.close();
  return {
    name: `block: ${name}, with a ledger against without`,
    value: median(ratios),
    unit: 'of its rate',
    target: {value: 0.9, sense: 'at least'},
    beside: {name: 'with one', value: median(rates), unit: 'M requests/s'},
  };
};

const CHECKS = 1e7;
/** So many that the engine cannot look at one once and for all. */
const DRIVERS = 64;

/** What a request alone in its batch adds where no ledger is kept: each end counts its event, and one looks for an account. */
const checksNs = (): number => {
  const drivers: {account: Account | null; ports: PortTable}[] = Array.from({length: DRIVERS}, () => ({
    account: null,
    ports: new PortTable(),
  }));
  const startMs = performance.now();
  for (let i = 0; i < CHECKS; i++) {
    const {account, ports} = drivers[i % DRIVERS];
    ports.sent[0]++;
    ports.sent[0]++;
    account?.add(counted.request);
    account?.endBatch();
  }
  return ((performance.now() - startMs) * NS_PER_MS) / CHECKS;
};

/** A difference of a part in a hundred is less than two runs of the same code differ by: what was added is timed alone. */
const withoutLedger = async (): Promise<BenchRow> => {
  const reader = pausedReader({...workload, depth: 1});
  await turn(reader, WARM_UP_NS);
  const percents: number[] = [];
  for (let i = 0; i < TURNS / 10; i++) percents.push((100 * checksNs()) / (NS_PER_S / (await turn(reader, TURN_NS))));
  reader.schedule.close();
  return {
    name: 'block: no data, depth 1, what a host without a ledger pays for it',
    value: median(percents),
    unit: '% of a request',
    target: {value: 1, sense: 'at most'},
  };
};

/** What it costs to count, where nothing but the ring, grants and events takes time. */
export const benchLedger = async (): Promise<BenchRow[]> => [
  await compare(`no data, depth ${DEPTH}`, workload),
  await compare(`no data, depth ${DEPTH}, map and unmap`, {...workload, persistent: false}),
  await compare('no data, depth 1', {...workload, depth: 1}),
  await compare('no data, depth 1, map and unmap', {...workload, depth: 1, persistent: false}),
  await withoutLedger(),
];
