import test from 'ava';
import {MAX_REQUESTS, solveNetwork, type Station} from '../../hypervisor/cost/index.ts';

const station = (demandNs: number, servers = 1): Station => ({name: `${demandNs}/${servers}`, demandNs, servers});
const DELAY = Infinity;

const isNear = (a: number, b: number, tolerance = 1e-9): boolean => Math.abs(a / b - 1) <= tolerance;

/** Mean value analysis for single servers and delays, as the textbooks have it. @see Reiser and Lavenberg, JACM 1980 */
const mva = (stations: readonly Station[], requests: number): number => {
  const queues = stations.map(() => 0);
  let throughput = 0;
  for (let n = 1; n <= requests; n++) {
    const residences = stations.map(({demandNs, servers}, i) => demandNs * (servers === DELAY ? 1 : 1 + queues[i]));
    throughput = n / residences.reduce((a, b) => a + b);
    residences.forEach((each, i) => (queues[i] = each * throughput));
  }
  return throughput * 1e9;
};

test('one station does one request after the other', (t) => {
  for (const n of [1, 2, 100]) {
    const {throughputPerSec, latencyNs, stations} = solveNetwork([station(500)], n);
    t.true(isNear(throughputPerSec, 2e6));
    t.true(isNear(latencyNs, 500 * n));
    t.true(isNear(stations[0].utilization, 1));
    t.true(isNear(stations[0].requests, n));
  }
});

test('two balanced stations: n of n + 1 parts of what one does', (t) => {
  for (const n of [1, 2, 10, 1000]) {
    const {throughputPerSec, stations} = solveNetwork([station(100), station(100)], n);
    t.true(isNear(throughputPerSec, (1e7 * n) / (n + 1)));
    t.true(isNear(stations[0].requests, n / 2));
  }
});

test('a station of as many servers as there are requests is a delay; one of fewer queues as M/M/c does', (t) => {
  const parallel = solveNetwork([station(1000, 8), station(50)], 8).throughputPerSec;
  t.true(isNear(parallel, solveNetwork([station(1000, DELAY), station(50)], 8).throughputPerSec));
  // Two servers, three requests and nothing else: two are always being served.
  t.true(isNear(solveNetwork([station(1000, 2)], 3).throughputPerSec, 2e6));
});

test('the same as mean value analysis gives, for any mix of servers and delays', (t) => {
  const mixes = [
    [station(10), station(20), station(30)],
    [station(1), station(100000, DELAY)],
    [station(700), station(699), station(5000, DELAY), station(3)],
  ];
  for (const stations of mixes) {
    for (const n of [1, 2, 7, 64, 500])
      t.true(isNear(solveNetwork(stations, n).throughputPerSec, mva(stations, n), 1e-6), `${n}`);
  }
});

test("asymptotes: alone a request takes its demands' sum, many are limited by the busiest station", (t) => {
  const stations = [station(300), station(2000, 4), station(450), station(9000, DELAY)];
  t.true(isNear(solveNetwork(stations, 1).latencyNs, 300 + 2000 + 450 + 9000));
  const {throughputPerSec} = solveNetwork(stations, MAX_REQUESTS);
  t.true(isNear(throughputPerSec, 1e9 / 500, 1e-3));
  for (const n of [1, 5, 20, 100]) {
    const load = solveNetwork(stations, n);
    t.true(load.throughputPerSec <= Math.min(1e9 / 500, (n * 1e9) / 11750) * (1 + 1e-9));
    t.true(
      isNear(
        load.stations.reduce((sum, {requests}) => sum + requests, 0),
        n,
        1e-6,
      ),
      "nobody is lost: Little's law",
    );
  }
});

test('a station without work does not change anything; impossible systems are refused', (t) => {
  const busy = [station(100), station(50, 2)];
  t.true(isNear(solveNetwork([...busy, station(0)], 9).throughputPerSec, solveNetwork(busy, 9).throughputPerSec));
  t.throws(() => solveNetwork([station(0)], 1), {message: /no station/});
  for (const n of [0, 1.5, MAX_REQUESTS + 1]) t.throws(() => solveNetwork(busy, n), {message: /under way/});
});
