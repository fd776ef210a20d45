import test from 'ava';
import {modelWork, parsePriceList, solveNetwork} from '../../hypervisor/cost/index.ts';

const WORK_NS = 1000;
const LINE_NS = 300;

const throughput = (requests: number, contenders?: number): number =>
  solveNetwork(
    [
      {name: 'work', demandNs: WORK_NS, servers: 1},
      {name: 'lock', demandNs: LINE_NS, servers: 1, contenders},
    ],
    requests,
  ).throughputPerSec / 1e9;

test('two requests at a lock that two CPUs want: as its Markov chain says', (t) => {
  // By requests at the lock: 1 leaves after 300 ns, one of 2 after 600.
  const [p0, p1, p2] = [1, LINE_NS / WORK_NS, (LINE_NS * 2 * LINE_NS) / WORK_NS ** 2];
  const expected = (p1 / LINE_NS + p2 / (2 * LINE_NS)) / (p0 + p1 + p2);
  t.true(Math.abs(throughput(2, 2) / expected - 1) < 1e-12);
});

test('a lock that nobody else wants is a station like others', (t) => {
  t.is(throughput(8, 1), throughput(8));
});

test('where the lock limits, more CPUs do less', (t) => {
  const rates = [4, 8, 16].map((contenders) => throughput(256, contenders));
  t.true(rates[0] > rates[1] && rates[1] > rates[2]);
  t.true(Math.abs(rates[2] * 16 * LINE_NS - 1) < 0.01);
});

test("a driver's lock is priced by the list and found as the bottleneck", (t) => {
  const list = parsePriceList('dall2016-x86,lockLine=100');
  const work = {entries: [], requests: 1};
  const lock = {takes: 3, contenders: 8};
  const {throughputPerSec, bottleneck} = modelWork(work, 256, list, {guestCpus: 8, guestNs: 1000, driverLock: lock});
  t.is(bottleneck, 'driver lock');
  t.true(Math.abs(throughputPerSec * 3 * 8 * 100e-9 - 1) < 0.01);
});
