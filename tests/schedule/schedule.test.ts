import test from 'ava';
import {DomainQueue, FaultPlan, Random, realClock, virtualClock} from '../../hypervisor/schedule/index.ts';
import {TimerHeap} from '../../hypervisor/schedule/timer-heap.ts';

test('the timer heap pops by due time, ties in arming order, cancelled ones never', (t) => {
  const heap = new TimerHeap();
  const random = new Random(7);
  const popped: string[] = [];
  const due = Array.from({length: 500}, () => random.below(50));
  const timers = due.map((ns, i) => heap.push(ns, () => popped.push(`${ns}/${i}`)));
  for (let i = 0; i < 500; i += 3) timers[i].cancel();
  for (let task = heap.popDue(1000); task !== undefined; task = heap.popDue(1000)) task();
  const expected = due
    .map((ns, i) => ({ns, i}))
    .filter(({i}) => i % 3 !== 0)
    .sort((a, b) => a.ns - b.ns || a.i - b.i)
    .map(({ns, i}) => `${ns}/${i}`);
  t.deepEqual(popped, expected);
  t.is(heap.earliestNs(), Infinity);
});

test('popDue leaves what is not due', (t) => {
  const heap = new TimerHeap();
  heap.push(10, () => undefined);
  t.is(heap.popDue(9), undefined);
  t.is(heap.earliestNs(), 10);
});

const shuffle = async (seed: number): Promise<number[]> => {
  const clock = virtualClock(seed);
  const order: number[] = [];
  for (let i = 0; i < 20; i++) clock.post(() => order.push(i));
  await clock.sleep(0);
  return order;
};

test('virtual: the seed decides the order of ready tasks', async (t) => {
  const first = await shuffle(1);
  t.deepEqual(await shuffle(1), first);
  t.notDeepEqual(await shuffle(2), first);
  t.deepEqual(
    first.toSorted((a, b) => a - b),
    Array.from({length: 20}, (_, i) => i),
  );
});

test('virtual: promises settled by a task run before the next task', async (t) => {
  const clock = virtualClock(3);
  const log: string[] = [];
  for (const name of ['a', 'b']) {
    clock.post(() => {
      log.push(name);
      void Promise.resolve()
        .then(() => undefined)
        .then(() => log.push(`${name} then`));
    });
  }
  await clock.sleep(0);
  t.deepEqual(log, log[0] === 'a' ? ['a', 'a then', 'b', 'b then'] : ['b', 'b then', 'a', 'a then']);
});

test('virtual: time jumps to the next timer, only while somebody waits', async (t) => {
  const clock = virtualClock(1);
  let fired = 0;
  clock.after(3600e9, () => {
    fired = clock.now();
  });
  await new Promise((resolve) => {
    setTimeout(resolve, 5);
  });
  t.is(fired, 0, 'nobody drives');
  await clock.sleep(7200e9);
  t.is(fired, 3600e9);
  t.is(clock.now(), 7200e9);
});

test('virtual: a closed clock drops everything', async (t) => {
  const clock = virtualClock(1);
  clock.post(() => t.fail());
  clock.close();
  clock.post(() => t.fail());
  await new Promise((resolve) => {
    setTimeout(resolve, 5);
  });
  t.pass();
});

test('real: tasks run in the order posted, those that tasks post behind them', async (t) => {
  const clock = realClock({seed: 1});
  const order: string[] = [];
  for (let i = 0; i < 200; i++) clock.post(() => order.push(String(i)));
  await new Promise<void>((resolve) => {
    clock.post(() =>
      clock.post(() => {
        order.push('nested');
        resolve();
      }),
    );
    clock.post(() => order.push('last posted'));
  });
  t.deepEqual(order, [...Array.from({length: 200}, (_, i) => String(i)), 'last posted', 'nested']);
  clock.close();
});

test('real: timers fire after their delay, the earlier one first, cancelled ones never', async (t) => {
  const clock = realClock({seed: 1});
  const fired: string[] = [];
  const armedNs = clock.now();
  clock.after(4e6, () => {
    fired.push('later');
    t.true(clock.now() >= armedNs + 4e6);
  });
  clock.after(2e6, () => {
    fired.push('earlier');
    t.true(clock.now() >= armedNs + 2e6);
  });
  clock.after(1e6, () => fired.push('cancelled')).cancel();
  await clock.sleep(20e6);
  t.deepEqual(fired, ['earlier', 'later']);
  t.true(clock.now() >= armedNs + 20e6);
  clock.close();
});

test('real: a long batch gives way to the event loop and goes on where it was', async (t) => {
  const clock = realClock({seed: 1});
  let turns = 0;
  const order: number[] = [];
  const tick = setInterval(() => turns++, 0);
  for (let i = 0; i < 400; i++) {
    clock.post(() => {
      const end = clock.now() + 0.1e6;
      while (clock.now() < end);
      order.push(i);
    });
  }
  await clock.sleep(60e6);
  clearInterval(tick);
  clock.close();
  t.deepEqual(
    order,
    Array.from({length: 400}, (_, i) => i),
  );
  t.true(turns > 1, 'sockets got their turn');
});

test('a domain queue holds tasks while paused, drops them when stopped, and turns exceptions into faults', async (t) => {
  const clock = virtualClock(1);
  let running = false;
  const faults: unknown[] = [];
  const queue = new DomainQueue(
    clock,
    () => running,
    (error) => faults.push(error),
  );
  const ran: string[] = [];
  queue.post(() => ran.push('posted'));
  queue.after(5, () => ran.push('timed'));
  await clock.sleep(10);
  t.deepEqual(ran, []);
  running = true;
  queue.resume();
  await clock.sleep(0);
  t.deepEqual(ran.toSorted(), ['posted', 'timed']);
  queue.post(() => {
    throw new Error('guest bug');
  });
  await clock.sleep(0);
  t.is((faults[0] as Error).message, 'guest bug');
  queue.stop();
  queue.post(() => t.fail());
  await clock.sleep(0);
});

test('random is uniform enough and the same everywhere', (t) => {
  const random = new Random(42);
  t.deepEqual(
    [random.u32(), random.u32(), random.u32()],
    [new Random(42)].flatMap((again) => [again.u32(), again.u32(), again.u32()]),
  );
  const buckets = Array.from({length: 8}, () => 0);
  for (let i = 0; i < 8000; i++) buckets[random.below(8)]++;
  for (const count of buckets) t.true(count > 850 && count < 1150, buckets.join());
});

test('a fault plan of zeros is inactive; others hit at their rate', (t) => {
  t.false(new FaultPlan().active);
  const plan = new FaultPlan({lateEvent: 0.25}, 9);
  let hits = 0;
  for (let i = 0; i < 4000; i++) if (plan.hit('lateEvent')) hits++;
  t.true(hits > 850 && hits < 1150);
  t.false(plan.hit('ioError'));
});

test('virtual: time and tasks stand still while somebody waits for the world outside', async (t) => {
  const clock = virtualClock(1);
  const ran: string[] = [];
  clock.post(() => ran.push('task'));
  clock.after(1e6, () => ran.push('timer'));
  const driven = clock.sleep(2e6);
  await clock.hold(new Promise((resolve) => setTimeout(resolve, 20)));
  t.deepEqual(ran, []);
  t.is(clock.now(), 0);
  await driven;
  t.deepEqual(ran, ['task', 'timer']);
  t.is(await realClock().hold(Promise.resolve(7)), 7);
});
