import test from 'ava';
import {EINVAL} from '../../hypervisor/index.ts';
import {Cpus, MS, S} from './cpus.ts';

test('arinc653: each vCPU runs in its windows of the major frame only', async (t) => {
  const cpus = new Cpus({policy: 'arinc653'});
  const [one, two, stranger] = [cpus.load().spin(), cpus.load({vcpus: 2}).spinAll(), cpus.load().spin()];
  await cpus.clock.sleep(100 * MS);
  t.deepEqual([one.used(), two.used(), stranger.used()], [0, 0, 0], 'without a table nobody runs');
  const slot = (load: typeof one, vcpu: number, ms: number) => ({
    handle: load.domain.sched.owner.handle,
    vcpu,
    runtimeNs: ms * MS,
  });
  const slots = [slot(one, 0, 5), slot(two, 1, 3), slot(one, 0, 2), slot(two, 0, 6)];
  t.is(cpus.sched.setArincSchedule(0, {majorFrameNs: 20 * MS, slots}), 0);
  const windows: readonly (readonly [ms: number, one: number, two0: number, two1: number])[] = [
    [5, 5, 0, 0],
    [3, 0, 0, 3],
    [2, 2, 0, 0],
    [6, 0, 6, 0],
    [4, 0, 0, 0],
  ];
  for (let frame = 0; frame < 50; frame++) {
    for (const [ms, ...wanted] of windows) {
      const used = () => [one.used(), two.used(0), two.used(1)];
      const before = used();
      await cpus.clock.sleep(ms * MS);
      t.deepEqual(
        used().map((ns, index) => Math.round(ns - before[index])),
        wanted.map((each) => each * MS),
        `frame ${frame}`,
      );
    }
  }
  t.is(stranger.used(), 0);
});

test('arinc653: a window that is not used stays empty, and who wakes within it runs at once', async (t) => {
  const cpus = new Cpus({policy: 'arinc653'});
  const [busy, rare] = [cpus.load().spin(), cpus.load()];
  const slots = [busy, rare].map((load) => ({handle: load.domain.sched.owner.handle, vcpu: 0, runtimeNs: 10 * MS}));
  cpus.sched.setArincSchedule(0, {majorFrameNs: 20 * MS, slots});
  const [share] = await cpus.shares([busy], S);
  t.true(Math.abs(share - 0.5) < 0.001, String(share));
  await cpus.clock.sleep(12 * MS);
  const startNs = cpus.clock.now();
  const done = rare.periodic(MS, S);
  await cpus.clock.sleep(50 * MS);
  t.is(done[0] - startNs, MS);
});

test('arinc653: a table that does not fit its frame is refused', (t) => {
  const cpus = new Cpus({policy: 'arinc653'});
  const slot = {handle: 'x', vcpu: 0, runtimeNs: MS};
  t.is(cpus.sched.setArincSchedule(0, {majorFrameNs: MS, slots: []}), -EINVAL);
  t.is(cpus.sched.setArincSchedule(0, {majorFrameNs: MS, slots: [slot, slot]}), -EINVAL);
  t.is(cpus.sched.setArincSchedule(0, {majorFrameNs: 65 * MS, slots: Array.from({length: 65}, () => slot)}), -EINVAL);
  t.is(new Cpus({}).sched.setArincSchedule(0, {majorFrameNs: MS, slots: [slot]}), -EINVAL);
});

test('null: one vCPU a CPU; the next in line gets one that is given up', async (t) => {
  const cpus = new Cpus({policy: 'null', cpus: 2});
  const [one, two, three] = [cpus.load().spin(), cpus.load().spin(), cpus.load().spin()];
  t.deepEqual(await cpus.shares([one, two, three], S), [1, 1, 0]);
  const {cpu} = one.units[0];
  t.not(cpu, two.units[0].cpu);
  cpus.xen.destroy(one.domain);
  t.deepEqual(await cpus.shares([two, three], S), [1, 1]);
  t.is(three.units[0].cpu, cpu);
});

test('null: hard affinity is obeyed, soft affinity where it can be', async (t) => {
  const cpus = new Cpus({policy: 'null', cpus: 3});
  const [hard, soft] = [cpus.load(), cpus.load()];
  const [pool] = cpus.sched.pools.values();
  pool.setAffinity(hard.units[0], new Set([2]), undefined);
  hard.spin();
  soft.spin();
  await cpus.clock.sleep(MS);
  t.is(hard.units[0].cpu, 2);
});
