import test from 'ava';
import {Bridge, BridgeInterface, type NetFaults} from '../../../backends/network/index.ts';
import {BareHost} from '../../support/domains.ts';

const MS = 1e6;
const COUNT = 500;
const ALL = [255, 255, 255, 255, 255, 255];

/** What comes of numbered frames that go through a port with faults: their numbers, with the time of each in ms. */
const through = async (faults: NetFaults, {seed = 1, side = 'from', count = COUNT, apart = 0, length = 18} = {}) => {
  const host = new BareHost(seed, 256);
  const {ops} = host.create({domid: 0 as never, privileged: true, pages: 2048});
  const bridge = new Bridge({name: 'xenbr0', ops});
  const [from, to] = ['from', 'to'].map(
    (name, i) => new BridgeInterface({ops, bridge, name, mac: Uint8Array.of(2, 0, 0, 0, 0, i)}),
  );
  const heard: number[] = [];
  const times: number[] = [];
  to.frames.subscribe((frames) => {
    heard.push(...frames.map((frame) => frame[16] * 256 + frame[17]));
    times.push(...frames.map(() => host.schedule.now() / MS));
  });
  bridge.inject(side, faults);
  const send = async (numbers: readonly number[]): Promise<void> => {
    from.send(
      numbers.map((number) => {
        const frame = new Uint8Array(length);
        frame.set([...ALL, 2, 0, 0, 0, 0, 0, 0x88, 0xb5, 0, 0, number >> 8, number]);
        return frame;
      }),
    );
    await host.schedule.sleep(apart);
  };
  const numbers = Array.from({length: count}, (_, i) => i);
  if (apart === 0) await send(numbers);
  else for (const number of numbers) await send([number]);
  await host.schedule.sleep(10e9);
  const link = bridge.links.find(({port}) => port.name === side);
  return {heard, times, bridge, counts: {lost: 0, duplicated: 0, held: 0, ...link?.faultCounts}, ops, host, send};
};

const ascending = (a: number, b: number): number => a - b;

const inOrder = (numbers: readonly number[]): boolean =>
  numbers.every((number, i) => i === 0 || number >= numbers[i - 1]);

test('without faults all arrive, in order', async (t) => {
  const {heard, counts} = await through({});
  t.deepEqual(
    heard,
    Array.from({length: COUNT}, (_, i) => i),
  );
  t.deepEqual(counts, {lost: 0, duplicated: 0, held: 0});
});

for (const side of ['from', 'to']) {
  test(`loss and duplication at the port ${side}: as often as asked, and counted`, async (t) => {
    const {heard, counts} = await through({loss: 0.1, duplicate: 0.2}, {side});
    t.true(counts.lost > 25 && counts.lost < 80, `${counts.lost} lost`);
    t.true(counts.duplicated > 60 && counts.duplicated < 130, `${counts.duplicated} duplicated`);
    t.is(heard.length, COUNT - counts.lost + counts.duplicated);
    t.true(inOrder(heard));
  });
}

test('all are lost, or none', async (t) => {
  t.deepEqual((await through({loss: 1})).heard, []);
  t.is((await through({loss: 0, duplicate: 1})).heard.length, 2 * COUNT);
});

test('a delay keeps the order; a jitter without more than itself does not', async (t) => {
  const late = await through({delayNs: 5 * MS}, {count: 100, apart: MS});
  t.true(inOrder(late.heard));
  t.true(late.times.every((time, i) => Math.abs(time - i - 5) < 0.01));
  const jittery = await through({delayNs: 5 * MS, jitterNs: 4 * MS}, {count: 100, apart: MS});
  t.is(jittery.heard.length, 100);
  t.false(inOrder(jittery.heard));
  for (const [i, number] of jittery.heard.entries()) {
    const lateMs = jittery.times[i] - number;
    t.true(lateMs > 0.99 && lateMs < 9.01, `${lateMs} ms`);
  }
});

test('some are overtaken; none is lost', async (t) => {
  const {heard, counts} = await through({reorder: 0.1}, {count: 500, apart: MS / 2});
  t.is(heard.length, 500);
  t.true(counts.held > 25 && counts.held < 80, `${counts.held} held`);
  t.false(inOrder(heard));
});

test('a line of 1 Mbit/s carries 125 bytes a millisecond; beyond 1000 frames that wait it loses', async (t) => {
  const {heard, times, counts} = await through({bitsPerSecond: 1e6}, {count: 100, length: 125});
  t.true(inOrder(heard));
  t.true(
    times.every((time, i) => Math.abs(time - (i + 1)) < 0.01),
    String(times.slice(0, 3)),
  );
  t.is(counts.lost, 0);
  const full = await through({bitsPerSecond: 1e6}, {count: 1020, length: 125});
  t.is(full.counts.lost, 20);
});

test('one seed, one fate; the host decides without a seed', async (t) => {
  const faults = {loss: 0.3, duplicate: 0.1, reorder: 0.1, seed: 42};
  const [one, two] = [await through(faults), await through(faults, {seed: 2})];
  t.deepEqual(one.heard.toSorted(ascending), two.heard.toSorted(ascending));
  const [three, four] = [await through({loss: 0.3}), await through({loss: 0.3})];
  t.deepEqual(three.heard, four.heard);
  t.notDeepEqual((await through({loss: 0.3}, {seed: 5})).heard, four.heard);
});

test('faults change at run time, stay while the port is away, and what is late at their end is lost', async (t) => {
  const {ops, bridge, host, send, heard} = await through({delayNs: 50 * MS}, {count: 1});
  await send([1, 2]);
  await host.settle();
  bridge.inject('from', {});
  await host.schedule.sleep(1e9);
  t.deepEqual(heard, [0]);
  await send([3]);
  await host.settle();
  t.deepEqual(heard, [0, 3]);
  bridge.inject('later', {loss: 1});
  t.deepEqual(bridge.faultsOf('later'), {loss: 1});
  const mac = Uint8Array.of(2, 0, 0, 0, 0, 9);
  const later = new BridgeInterface({ops, bridge, name: 'later', mac});
  const got: unknown[] = [];
  later.frames.subscribe((frames) => got.push(...frames));
  await send([4]);
  await host.settle();
  t.deepEqual(got, []);
  t.deepEqual(heard, [0, 3, 4]);
});

test('a bridge may have faults at every port that has none of its own', async (t) => {
  const host = new BareHost(1, 256);
  const {ops} = host.create({domid: 0 as never, privileged: true, pages: 2048});
  const bridge = new Bridge({name: 'xenbr0', ops, faults: {loss: 1}});
  t.deepEqual(bridge.faultsOf('any'), {loss: 1});
  bridge.inject('any', {});
  t.deepEqual(bridge.faultsOf('any'), {});
});
