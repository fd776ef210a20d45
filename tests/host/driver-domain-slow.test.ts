import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import type {FileCalls} from '../../backends/storage/index.ts';
import {realClock} from '../../hypervisor/schedule/index.ts';
import {pattern, tempDir} from '../support/block.ts';
import {TestHost} from '../support/host.ts';
import {SlowFiles} from '../support/slow-files.ts';

const busy = `export default async ({block, console, sleep}) => {
  const disk = await block.wait('xvda');
  let at = 0;
  const worker = async () => {
    for (;;) {
      const position = (at++ * 40503 * 4096) % disk.sizeBytes;
      if (at === 100) console.println('busy');
      if (at % 4 === 0) await disk.write(position, new Uint8Array(4096));
      else await disk.read(position, 4096);
    }
  };
  const failures = await Promise.allSettled(Array.from({length: 32}, worker));
  console.println(String(failures.filter(({reason}) => /ENODEV|No such device/.test(String(reason))).length) + ' failed');
  await sleep(1e6);
};`;

test('a driver domain that is destroyed with slow operations under way ends when they have', async (t) => {
  const dir = tempDir(t);
  writeFileSync(join(dir, 'slow.img'), pattern(2 ** 20));
  writeFileSync(join(dir, 'busy.mjs'), busy);
  let pending = 0;
  const {calls} = new SlowFiles(200, false);
  const read = ((...args: [number, Buffer, number, number, number, (...results: unknown[]) => void]) => {
    pending++;
    const done = args[5];
    args[5] = (...results) => {
      pending--;
      done(...results);
    };
    calls.read(...args);
  }) as unknown as FileCalls['read'];
  const host = await TestHost.start({clock: realClock({seed: 1}), fileCalls: {...calls, read}});
  t.teardown(() => host.close());
  const store = await host.create('name="store"\nkernel="driver-domain"\ndriver_domain=1\nmemory=16');
  const guest = await host.create(
    `name="guest"\nkernel="${join(dir, 'busy.mjs')}"\nmemory=32\ndisk=["${join(dir, 'slow.img')},raw,xvda,w,backend=store"]`,
  );
  while (!host.consoleText(guest).includes('busy')) await host.settle(5e7);
  const domain = host.host.xen.domain(store);
  t.true((domain?.maptrack.count ?? 0) > 1);
  t.true(pending > 0, 'operations are under way');
  const mapped: number[] = [];
  host.host.xen.domainEvents.subscribe(({type}) => {
    if (type === 'dying') mapped.push(pending, domain?.maptrack.count ?? -1);
  });
  await host.host.destroy(store);
  t.deepEqual(mapped, [0, 0], 'nothing is under way, or mapped, when its pages are taken');
  while (!/32 failed/.test(host.consoleText(guest))) await host.settle(5e7);
  t.pass();
});
