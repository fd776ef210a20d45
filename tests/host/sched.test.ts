import test from 'ava';
import {virtualClock} from '../../hypervisor/schedule/index.ts';
import {createHost, type XenHost} from '../../toolstack/host/host.ts';
import type {HostOptions} from '../../toolstack/host/api.ts';

const S = 1e9;

const startHost = (options: HostOptions = {}): Promise<XenHost> => createHost({clock: virtualClock(1), ...options});

/** A guest that computes on all its vCPUs. */
const spin = (host: XenHost, name: string, ...more: string[]): Promise<number> =>
  host.create(
    [`name = "${name}"`, 'kernel = "builtin"', 'memory = 16', 'extra = "run=\'spin inf\'"', ...more, ''].join('\n'),
  );

/** Fractions of one CPU that domains get in a time from now, as xl list shows it. */
const shares = async (host: XenHost, domids: readonly number[], seconds: number): Promise<number[]> => {
  const seen = (): number[] =>
    domids.map((domid) => host.domains().find((each) => each.domid === domid)?.cpuSeconds ?? 0);
  const before = seen();
  await host.clock.sleep(seconds * S);
  return seen().map((after, index) => (after - before[index]) / seconds);
};

test('cpu_weight and cap of a config are obeyed', async (t) => {
  const host = await startHost();
  const heavy = await spin(host, 'heavy', 'cpu_weight = 512');
  const light = await spin(host, 'light');
  const capped = await spin(host, 'capped', 'cap = 10');
  await host.clock.sleep(S);
  const [a, b, c] = await shares(host, [heavy, light, capped], 20);
  t.true(Math.abs(c - 0.1) < 0.002, String(c));
  t.true(Math.abs(a / b - 2) < 0.04, `${a} ${b}`);
  await host.close();
});

test('the schedulers run what xl.cfg says: pool, pinning, RTDS', async (t) => {
  const host = await startHost({cpus: 4, scheduler: 'credit'});
  t.is(host.info().scheduler, 'credit');
  const {pools} = host.cpus;
  pools.removeCpus(0, [2, 3]);
  await pools.create('real-time', 'rtds', [2]);
  t.is(host.info().freeCpus, 1);
  const inPool = await spin(host, 'in-pool', 'pool = "real-time"', 'period = 16000', 'extratime = 0');
  const one = await spin(host, 'one', 'vcpus = 1', 'cpus = "1"');
  const two = await spin(host, 'two', 'vcpus = 1', 'cpus = "1"');
  const free = await spin(host, 'free');
  await host.clock.sleep(S);
  const [a, b, c, d] = await shares(host, [inPool, one, two, free], 10);
  t.true(Math.abs(a - 0.25) < 0.001, String(a));
  t.true(Math.abs(b - 0.5) < 0.01 && Math.abs(c - 0.5) < 0.01, `${b} ${c}`);
  t.true(d > 0.99, String(d));
  t.is(host.cpus.vcpus(one as never)[0].cpu, 1);
  await host.close();
});

test('what was set is shown, and is the same after a reboot', async (t) => {
  const host = await startHost({cpus: 2});
  const domid = (await spin(host, 'one', 'vcpus = 1', 'maxvcpus = 2')) as never;
  host.cpus.setSchedule(domid, 'credit2', {weight: 300, cap: 40});
  await host.cpus.setOnline(domid, 2);
  const told = {sched: 'credit2', weight: 300, cap: 40};
  t.deepEqual(host.config(domid).libxl.schedParams, told);
  await host.shutdown(domid, 'reboot');
  await host.clock.sleep(10 * S);
  const next = host.resolve('one') as never;
  t.not(next, domid);
  t.deepEqual(host.config(next).libxl.schedParams, told);
  t.like(host.cpus.schedule(next), {weight: 300, cap: 40});
  t.deepEqual(
    host.cpus.vcpus(next).map(({online}) => online),
    [true, true],
  );
  await host.close();
});

test('a computing guest still hears its console, its timers and its shutdown', async (t) => {
  const host = await startHost();
  await spin(host, 'busy');
  const domid = (await spin(host, 'asked', 'cap = 20')) as never;
  await host.clock.sleep(S);
  await host.shutdown(domid, 'poweroff');
  t.is(await host.waitShutdown(domid), 0);
  await host.close();
});

test('a guest under a table of windows boots when it has one', async (t) => {
  const host = await startHost({scheduler: 'arinc653'});
  const domid = await spin(host, 'partition');
  t.deepEqual(await shares(host, [domid], 2), [0]);
  const handle = host.xen.domain(domid)?.sched.owner.handle ?? '';
  host.cpus.pools.setArincSchedule(0, {majorFrameNs: 20e6, slots: [{handle, vcpu: 0, runtimeNs: 5e6}]});
  await host.clock.sleep(S);
  const [share] = await shares(host, [domid], 10);
  t.true(Math.abs(share - 0.25) < 0.001, String(share));
  await host.close();
});
