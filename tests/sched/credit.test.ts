import test from 'ava';
import type {PolicyName} from '../../hypervisor/sched/index.ts';
import {Cpus, MS, S} from './cpus.ts';

const TOLERANCE = 0.02;
const within = (share: number, wanted: number, tolerance = TOLERANCE): boolean => Math.abs(share - wanted) <= tolerance;

for (const policy of ['credit', 'credit2'] as const satisfies PolicyName[]) {
  test(`${policy}: shares of one CPU follow the weights within 2 %`, async (t) => {
    const cpus = new Cpus({policy});
    const loads = [512, 256, 128].map((weight) => cpus.load({weight}).spin());
    const shares = await cpus.shares(loads, 60 * S);
    for (const [index, wanted] of [4 / 7, 2 / 7, 1 / 7].entries()) {
      t.true(within(shares[index], wanted, wanted * TOLERANCE), `${shares[index]} of ${wanted}`);
    }
  });

  test(`${policy}: equal weights get equal shares, of two CPUs among three domains too`, async (t) => {
    const cpus = new Cpus({policy, cpus: 2});
    const loads = [1, 2, 3].map(() => cpus.load().spin());
    for (const share of await cpus.shares(loads, 60 * S)) t.true(within(share, 2 / 3, 0.02 * (2 / 3)), String(share));
  });

  test(`${policy}: a cap holds, alone and among others, and one CPU and a half is 150`, async (t) => {
    const alone = new Cpus({policy});
    const [share] = await alone.shares([alone.load({cap: 25}).spin()], 30 * S);
    t.true(within(share, 0.25, 0.005), String(share));
    const cpus = new Cpus({policy, cpus: 2});
    const capped = cpus.load({vcpus: 2, cap: 150}).spinAll();
    const other = cpus.load().spin();
    const shares = await cpus.shares([capped, other], 30 * S);
    t.true(shares[0] <= 1.5 * 1.02, String(shares));
    t.true(within(shares[0] + shares[1], 2, 0.04), `nobody gets what is left: ${String(shares)}`);
  });

  test(`${policy}: who computes little gets it at once, whatever the others do`, async (t) => {
    const cpus = new Cpus({policy});
    const load = cpus.load();
    const done = load.periodic(MS / 2, 100 * MS);
    cpus.load().spin();
    cpus.load().spin();
    await cpus.clock.sleep(10 * S);
    const late = done.map((atNs, index) => atNs - index * 100 * MS - MS / 2);
    t.is(done.length, 100);
    t.true(Math.max(...late) <= 2 * MS, `${Math.max(...late)} ns late`);
  });

  test(`${policy}: weights change while they run`, async (t) => {
    const cpus = new Cpus({policy});
    const [one, two] = [cpus.load().spin(), cpus.load().spin()];
    await cpus.shares([one, two], 10 * S);
    cpus.sched.setCredit(one.domain.sched, {weight: 768, cap: 0});
    await cpus.clock.sleep(S);
    const [share] = await cpus.shares([one, two], 30 * S);
    t.true(within(share, 0.75, 0.015), String(share));
  });
}

test('credit2: the rate limit is how long one runs at least', async (t) => {
  const cpus = new Cpus({policy: 'credit2'});
  const [pool] = cpus.sched.pools.values();
  pool.setParameters({...pool.parameters, ratelimitUs: 5000});
  cpus.load().spin();
  const done = cpus.load().periodic(MS / 10, 50 * MS);
  cpus.load().spin();
  await cpus.clock.sleep(5 * S);
  t.true(done.every((atNs, index) => atNs - index * 50 * MS <= 5.2 * MS));
  t.true(done.some((atNs, index) => atNs - index * 50 * MS > MS));
});
