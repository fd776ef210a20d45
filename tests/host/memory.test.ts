import test from 'ava';
import {TestHost} from '../support/host.ts';

const KIB_PER_MIB = 1024;

const memoryOf = (test: TestHost, domid: number): number =>
  test.host.domains().find((domain) => domain.domid === domid)?.memoryMib ?? -1;

test('the built-in guest follows memory/target, and the host gets the memory', async (t) => {
  const on = await TestHost.start();
  const domid = await on.boot('one', 'memory=64\n');
  const freeMib = on.host.info().freeMemoryMib;
  await on.host.setMemoryTarget(domid, 40 * KIB_PER_MIB);
  await on.settle();
  t.is(memoryOf(on, domid), 40);
  t.is(on.host.info().freeMemoryMib, freeMib + 24);
  t.is(await on.read(`/local/domain/${domid}/memory/target`), '40960');
  t.is(await on.read(`/vm/${on.host.config(domid).uuid}/memory`), '40');
  t.regex(await on.shell(domid, 'free -m'), /Mem: +40 /);
  await on.host.setMemoryTarget(domid, 64 * KIB_PER_MIB);
  await on.settle();
  t.is(memoryOf(on, domid), 64);
  t.is(on.host.info().freeMemoryMib, freeMib);
  t.is(on.host.config(domid).memoryKib, 64 * KIB_PER_MIB);
  await on.close();
});

test('a guest grows from memory to maxmem', async (t) => {
  const on = await TestHost.start();
  const domid = await on.boot('one', 'memory=16\nmaxmem=48\n');
  t.is(memoryOf(on, domid), 16);
  await on.host.setMemoryTarget(domid, 48 * KIB_PER_MIB);
  await on.settle();
  t.is(memoryOf(on, domid), 48);
  await on.host.setMemoryTarget(domid, 20 * KIB_PER_MIB);
  await on.settle();
  t.is(memoryOf(on, domid), 20);
  await on.close();
});

test('a target beyond the maximum, and a maximum below the target, are refused', async (t) => {
  const on = await TestHost.start();
  const domid = await on.boot('one');
  await t.throwsAsync(on.host.setMemoryTarget(domid, 17 * KIB_PER_MIB), {
    message: `libxl: error: Domain ${domid}:memory_dynamic_max must be less than or equal to memory_static_max\n`,
  });
  await t.throwsAsync(on.host.setMaxMemory(domid, 15 * KIB_PER_MIB), {
    message: `libxl: error: Domain ${domid}:memory_static_max must be greater than or or equal to memory_dynamic_max`,
  });
  await on.host.setMaxMemory(domid, 20 * KIB_PER_MIB);
  t.is(on.host.domains()[1].maxPages, ((20 + 1) * KIB_PER_MIB) / 4);
  await on.close();
});

test('a guest keeps what it needs, and one that outgrows the host gets what there is', async (t) => {
  const on = await TestHost.start({memoryMib: 1024 + 40});
  const domid = await on.boot('one', 'memory=16\nmaxmem=64\n');
  await on.host.setMemoryTarget(domid, 0);
  await on.settle();
  t.true(memoryOf(on, domid) >= 1 && memoryOf(on, domid) < 4, 'rings and a reserve stay');
  await on.host.setMemoryTarget(domid, 64 * KIB_PER_MIB);
  await on.settle();
  t.is(memoryOf(on, domid), 40);
  t.is(on.host.info().freeMemoryMib, 0);
  await on.host.destroy(domid);
  t.is(on.host.info().freeMemoryMib, 40);
  await on.close();
});
