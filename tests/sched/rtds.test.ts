import test from 'ava';
import type {SchedUnit} from '../../hypervisor/sched/index.ts';
import {Cpus, type Load, MS, S} from './cpus.ts';

const rtds = (cpus: Cpus, load: Load, periodMs: number, budgetMs: number, extratime = false): SchedUnit => {
  const [unit] = load.units;
  cpus.sched.setRtds(unit, {periodUs: periodMs * 1000, budgetUs: budgetMs * 1000, extratime});
  return unit;
};

test('rtds: each vCPU gets its budget in every period, and no more', async (t) => {
  const cpus = new Cpus({policy: 'rtds'});
  const servers = (
    [
      [10, 2],
      [20, 6],
      [50, 20],
    ] as const
  ).map(([periodMs, budgetMs]) => {
    const load = cpus.load();
    rtds(cpus, load, periodMs, budgetMs);
    return {load: load.spin(), periodMs, budgetMs};
  });
  // The parameters hold from the next period on.
  await cpus.clock.sleep(100 * MS);
  for (let frame = 0; frame < 20; frame++) {
    const before = servers.map(({load}) => load.used());
    await cpus.clock.sleep(100 * MS);
    for (const [index, {load, periodMs, budgetMs}] of servers.entries()) {
      t.is(
        Math.round(load.used() - before[index]),
        (100 / periodMs) * budgetMs * MS,
        `frame ${frame}, server ${index}`,
      );
    }
  }
});

test('rtds: no deadline is missed while utilization is at most one', async (t) => {
  const cpus = new Cpus({policy: 'rtds'});
  const loads = [1, 2, 3].map(() => cpus.load());
  loads.forEach((load, index) => rtds(cpus, load, [10, 14, 35][index], [3, 4, 14][index]));
  await cpus.clock.sleep(70 * MS);
  const startNs = cpus.clock.now();
  const done = loads.map((load, index) => load.periodic([3, 4, 14][index] * MS, [10, 14, 35][index] * MS));
  await cpus.clock.sleep(3.5 * S);
  for (const [index, periodMs] of [10, 14, 35].entries()) {
    t.true(done[index].length >= Math.floor(3500 / periodMs) - 1, `server ${index}`);
    // A job that comes in the middle of its server's period has the rest of that one and the next.
    const late = done[index].filter((atNs, job) => atNs - startNs > (job + 2) * periodMs * MS);
    t.deepEqual(late, [], `server ${index}`);
  }
});

test('rtds: extra time is what nobody has reserved', async (t) => {
  const cpus = new Cpus({policy: 'rtds'});
  const [eager, modest] = [cpus.load(), cpus.load()];
  rtds(cpus, eager, 10, 2, true);
  rtds(cpus, modest, 10, 4);
  eager.spin();
  modest.spin();
  await cpus.clock.sleep(50 * MS);
  const [a, b] = await cpus.shares([eager, modest], 10 * S);
  t.true(Math.abs(a - 0.6) < 0.002 && Math.abs(b - 0.4) < 0.002, `${a} ${b}`);
});

test('rtds: a budget is kept while its vCPU sleeps within the period', async (t) => {
  const cpus = new Cpus({policy: 'rtds'});
  const late = cpus.load();
  rtds(cpus, late, 100, 10);
  cpus.load().spin();
  await cpus.clock.sleep(190 * MS);
  const startNs = cpus.clock.now();
  const done = late.periodic(10 * MS, S);
  await cpus.clock.sleep(500 * MS);
  t.true(done[0] - startNs <= 110 * MS, `${done[0] - startNs}`);
});
