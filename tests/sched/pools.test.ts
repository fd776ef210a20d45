import test from 'ava';
import {EBUSY, EINVAL, ENODEV, ENOENT} from '../../hypervisor/index.ts';
import {DEFAULT_CREDIT} from '../../hypervisor/sched/index.ts';
import {Cpus, MS, S} from './cpus.ts';

test('a vCPU runs on CPUs of its hard affinity only', async (t) => {
  const cpus = new Cpus({cpus: 3});
  const [pool] = cpus.sched.pools.values();
  const loads = [1, 2, 3].map(() => cpus.load().spin());
  for (const {units} of loads) pool.setAffinity(units[0], new Set([1]), undefined);
  for (const share of await cpus.shares(loads, 10 * S)) t.true(Math.abs(share - 1 / 3) < 0.01, String(share));
  pool.setAffinity(loads[0].units[0], undefined, undefined);
  const shares = await cpus.shares(loads, 10 * S);
  t.true(shares[0] > 0.99 && Math.abs(shares[1] - 0.5) < 0.01, String(shares));
  t.not(loads[0].units[0].cpu, 1);
});

test('a CPU of the soft affinity is taken when it is free, another when it is not', async (t) => {
  const cpus = new Cpus({cpus: 2});
  const [pool] = cpus.sched.pools.values();
  const [first, second] = [cpus.load(), cpus.load()];
  for (const {units} of [first, second]) pool.setAffinity(units[0], undefined, new Set([1]));
  first.spin();
  second.spin();
  t.deepEqual(await cpus.shares([first, second], S), [1, 1]);
  t.deepEqual([first.units[0].cpu, second.units[0].cpu], [1, 0]);
  cpus.xen.destroy(first.domain);
  await cpus.clock.sleep(MS);
  t.is(second.units[0].cpu, 1, 'it goes home');
});

test('a pool has a scheduler and CPUs of its own', async (t) => {
  const cpus = new Cpus({cpus: 3, policy: 'credit2'});
  const {sched} = cpus;
  const [one, two, three] = [cpus.load({weight: 512}), cpus.load(), cpus.load()].map((load) => load.spin());
  const id = sched.createPool('rtds');
  t.is(sched.moveDomain(three.domain.sched, id), -ENODEV);
  t.is(sched.addCpu(id, 2), -EBUSY);
  t.is(sched.removeCpu(0, 2), 0);
  t.is(sched.addCpu(id, 2), 0);
  t.is(sched.moveDomain(three.domain.sched, id), 0);
  t.deepEqual(await cpus.shares([one, two, three], S), [1, 1, 1]);
  t.is(three.units[0].cpu, 2);
  t.is(sched.removeCpu(0, 1), 0);
  const shares = await cpus.shares([one, two], 10 * S);
  t.true(Math.abs(shares[0] - 2 / 3) < 0.01, String(shares));

  t.is(sched.moveDomain(one.domain.sched, id), 0);
  t.deepEqual(one.domain.sched.credit, DEFAULT_CREDIT, 'parameters are those of a domain that is new there');
  t.is(sched.removeCpu(id, 2), -EBUSY, 'the last of a pool with domains');
  t.is(sched.destroyPool(id), -EBUSY);
  t.is(sched.moveDomain(one.domain.sched, 0), 0);
  t.is(sched.moveDomain(three.domain.sched, 0), 0);
  t.is(sched.destroyPool(id), 0);
  t.is(sched.moveDomain(one.domain.sched, id), -ENOENT);
  t.deepEqual(sched.freeCpus, [1, 2]);
});

test('paused and shut down domains use no CPU, and go on where they were', async (t) => {
  const cpus = new Cpus({});
  const [one, two] = [cpus.load().spin(), cpus.load().spin()];
  cpus.xen.pause(one.domain);
  t.deepEqual(await cpus.shares([one, two], S), [0, 1]);
  cpus.xen.unpause(one.domain);
  const [share] = await cpus.shares([one], 10 * S);
  t.true(Math.abs(share - 0.5) < 0.01, String(share));
  cpus.xen.shutdown(two.domain, 0);
  t.deepEqual(await cpus.shares([one, two], S), [1, 0]);
});

test('vCPUs that are offline do not run', async (t) => {
  const cpus = new Cpus({cpus: 2});
  const load = cpus.load({vcpus: 2}).spinAll();
  t.deepEqual(await cpus.shares([load], S), [2]);
  cpus.xen.setVcpuOnline(load.domain, 1, false);
  t.deepEqual(await cpus.shares([load], S), [1]);
  cpus.xen.setVcpuOnline(load.domain, 1, true);
  t.deepEqual(await cpus.shares([load], S), [2]);
});

test('burnCpu refuses what is none', (t) => {
  const cpus = new Cpus({});
  const load = cpus.load();
  t.is(load.burn(1, 5), -ENOENT);
  t.is(load.burn(-1, 5), -ENOENT);
  for (const ns of [-1, NaN, Infinity]) t.is(load.burn(0, ns), -EINVAL);
});

test('same seed, same order', async (t) => {
  const run = async (): Promise<number[]> => {
    const cpus = new Cpus({cpus: 2}, 7);
    const loads = [3, 5, 9].map((weight) => cpus.load({weight, vcpus: 2}).spinAll());
    return cpus.shares(loads, S);
  };
  t.deepEqual(await run(), await run());
});
