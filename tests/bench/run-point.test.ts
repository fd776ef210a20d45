import test from 'ava';
import type {BenchDriver, BenchJob} from '../../toolstack/bench/driver.ts';
import {drivers} from '../../toolstack/bench/drivers/index.ts';
import {runPoint} from '../../toolstack/bench/run-point.ts';
import {DEFAULT_SETUP} from '../../toolstack/bench/bench-setup.ts';
import {done, pointOf, prices} from './point.ts';

const terms = {list: prices, setup: DEFAULT_SETUP};

test('a read by blkfront, one at a time, is a hypercall and an upcall on either side', async (t) => {
  const {counted, ios} = await done(pointOf());
  const events = {hypercall: 1, evtchnSend: 1, upcall: 1};
  t.deepEqual(counted, {front: {...events, memcpyBytes: 4096}, back: {request: 1, ...events}});
  t.is(ios, 1280);
});

test('reads that are under way together share their events', async (t) => {
  const {counted} = await done(pointOf({depth: 8}));
  t.is(counted.front.hypercall, 1 / 8);
  t.is(counted.back.upcall, 1 / 8);
});

test('without persistent grants each page is mapped, and flushed once a request', async (t) => {
  const {counted} = await done(pointOf({driver: 'pv-map', sizeBytes: 16384}));
  t.is(counted.back.grantMap, 4);
  t.is(counted.back.grantUnmap, 4);
  t.is(counted.back.grantFlush, 1);
});

test('each guest does the same: counts an I/O stay, what is modelled grows', async (t) => {
  const [one, four] = [await done(pointOf({depth: 4})), await done(pointOf({depth: 4, guests: 4}))];
  t.is(four.ios, 4 * one.ios);
  t.deepEqual(four.counted, one.counted);
  const gain = four.modelled.throughputPerSec / one.modelled.throughputPerSec;
  t.true(gain > 3.5 && gain < 4.5, String(gain));
});

test('one at a time, an I/O takes the sum of its parts: here by hand from the price list', async (t) => {
  const {modelled} = await done(pointOf());
  const {hypercall, upcall, wakeGuest, wakeDom0, memcpyByte} = prices.tags;
  const ns = 2 * (hypercall.ns + upcall.ns) + wakeGuest.ns + wakeDom0.ns + 4096 * memcpyByte.ns;
  t.true(Math.abs(modelled.latencyNs / ns - 1) < 1e-9);
  t.true(Math.abs(modelled.throughputPerSec / (1e9 / ns) - 1) < 1e-9);
});

test('all of a batch wait for the same wake-up: a batch is not faster than one', async (t) => {
  const {modelled} = await done(pointOf({depth: 8}));
  const {wakeGuest, wakeDom0} = prices.tags;
  t.is(modelled.waitNs, wakeGuest.ns + wakeDom0.ns);
});

test('the same seed counts and models the same', async (t) => {
  const point = pointOf({depth: 3, guests: 2, operation: 'write'});
  const [first, second] = [await done(point, 7), await done(point, 7)];
  t.deepEqual(second.counted, first.counted);
  t.deepEqual(second.modelled, first.modelled);
});

for (const {name, device, operations, limits} of drivers) {
  test(`${device} ${name} does all that it says, small and large`, async (t) => {
    for (const operation of operations) {
      for (const sizeBytes of new Set([limits.minBytes, Math.min(limits.maxBytes, 16384)])) {
        const {counted, measured} = await done(pointOf({device, driver: name, operation, sizeBytes}));
        t.true(Object.keys(counted.front).length > 0, `${operation} of ${sizeBytes}`);
        t.true(measured.hostNsPerIo.every((ns) => ns > 0));
      }
    }
    const depth = limits.maxDepth;
    await done(pointOf({device, driver: name, operation: operations[0], sizeBytes: limits.minBytes, depth, guests: 2}));
  });
}

const driverOf = (job: BenchJob): BenchDriver => ({
  name: 'odd',
  device: 'block',
  kind: 'pv',
  about: 'odd',
  operations: ['read'],
  limits: {minBytes: 1, maxBytes: 1, stepBytes: 1, maxDepth: 1, maxQueues: 1},
  start: () => Promise.resolve([job]),
});

test('a driver that never ends is ended, by virtual time', async (t) => {
  const driver = driverOf({run: () => new Promise(() => undefined)});
  const point = pointOf();
  const reason = 'no end after 600 s of virtual time';
  t.deepEqual(await runPoint(driver, point, 1, terms), {state: 'failed', point, reason});
});

test('a driver that is busy for ever is ended, by its tasks', async (t) => {
  const driver: BenchDriver = {
    ...driverOf({run: () => new Promise(() => undefined)}),
    start: ({schedule}) => {
      const again = (): void => schedule.post(again);
      again();
      return new Promise(() => undefined);
    },
  };
  const point = pointOf();
  const reason = 'no end after 1000 tasks';
  const limits = {ns: 1e9, tasks: 1000};
  t.deepEqual(await runPoint(driver, point, 1, terms, limits), {state: 'failed', point, reason});
});

test('what a driver fails with is the result', async (t) => {
  const driver = driverOf({run: () => Promise.reject(new Error('EIO'))});
  const point = pointOf();
  t.deepEqual(await runPoint(driver, point, 1, terms), {state: 'failed', point, reason: 'EIO'});
});
