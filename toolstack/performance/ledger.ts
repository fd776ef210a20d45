import {Ledger} from '../../hypervisor/cost/index.ts';
import {NS_PER_S} from '../../hypervisor/schedule/index.ts';
import {BlockReader, inOrder, noData, type Workload} from './block-reader.ts';
import {type BenchRow, median} from './row.ts';

const WARM_UP_NS = NS_PER_S / 2;
const TURN_NS = NS_PER_S / 20;
const TURNS = 61;
const DEPTH = 32;
const TARGET = 0.9;

/** Two disks, of which one is counted, in short turns so that both see the same machine. */
const compare = async (name: string, workload: Workload): Promise<BenchRow> => {
  const plain = new BlockReader(workload);
  const counted = new BlockReader({...workload, ledger: new Ledger()});
  const turn = async (reader: BlockReader, ns: number): Promise<number> => {
    reader.goOn();
    const rate = await reader.measure(ns);
    reader.pause();
    await reader.schedule.sleep(0);
    return rate;
  };
  plain.pause();
  counted.pause();
  await turn(plain, WARM_UP_NS);
  await turn(counted, WARM_UP_NS);
  const ratios: number[] = [];
  const rates: number[] = [];
  for (let i = 0; i < TURNS; i++) {
    const without = await turn(plain, TURN_NS);
    const rate = await turn(counted, TURN_NS);
    ratios.push(rate / without);
    rates.push(rate / 1e6);
  }
  plain.schedule.close();
  counted.schedule.close();
  return {
    name: `block: ${name}, with a ledger against without`,
    value: median(ratios),
    unit: 'of its rate',
    target: {value: TARGET, sense: 'at least'},
    beside: {name: 'with one', value: median(rates), unit: 'M requests/s'},
  };
};

/** What it costs to count, where nothing but the ring, grants and events takes time. */
export const benchLedger = async (): Promise<BenchRow[]> => {
  const workload = {storage: noData, depth: DEPTH, pages: 1, next: inOrder};
  return [
    await compare(`no data, depth ${DEPTH}`, {...workload, persistent: true}),
    await compare(`no data, depth ${DEPTH}, map and unmap`, {...workload, persistent: false}),
    await compare('no data, depth 1', {...workload, depth: 1, persistent: true}),
    await compare('no data, depth 1, map and unmap', {...workload, depth: 1, persistent: false}),
  ];
};
