import test from 'ava';
import {virtualClock} from '../../hypervisor/schedule/index.ts';
import {createHost} from '../../toolstack/host/host.ts';
import {FakeMachine} from './machine.ts';

test('spin says what is wrong with its arguments', async (t) => {
  const machine = new FakeMachine();
  t.deepEqual(await machine.run('spin 0.025'), {output: '', status: 0});
  t.deepEqual(await machine.run('spin x'), {output: "spin: invalid time 'x'\n", status: 1});
  t.deepEqual(await machine.run('spin 1 0'), {output: "spin: invalid number of vCPUs '0'\n", status: 1});
});

test('spin uses the vCPUs that are there', async (t) => {
  const host = await createHost({clock: virtualClock(1), cpus: 2});
  const kernel = 'name = "g"\nkernel = "builtin"\nmemory = 16\nvcpus = 2\n';
  const domid = await host.create(`${kernel}extra = "run='spin 0.5 2'"`);
  await host.clock.sleep(2e9);
  const used = host.cpus.vcpus(domid).map(({cpuSeconds}) => cpuSeconds);
  t.true(
    used.every((seconds) => Math.abs(seconds - 0.5) < 1e-6),
    String(used),
  );
  await host.close();
});
