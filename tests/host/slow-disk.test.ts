import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {realClock} from '../../hypervisor/schedule/index.ts';
import {pattern, tempDir} from '../support/block.ts';
import {TestHost} from '../support/host.ts';
import {SlowFiles} from '../support/slow-files.ts';

const SIZE = 16 * 2 ** 20;
const PINGS = 40;
/** Longer than a busy machine keeps anybody waiting most of the time. */
const DELAY_MS = 100;

/** Keeps the disk busy from many sides. */
const busy = `export default async ({block, console}) => {
  const disk = await block.wait('xvda');
  let at = 0;
  const worker = async () => {
    for (;;) {
      const position = (at++ * 40503 * 4096) % disk.sizeBytes;
      if (at % 4 === 0) await disk.write(position, new Uint8Array(4096));
      else await disk.read(position, 4096);
      if (at % 64 === 0) await disk.flush();
      if (at === 100) console.println('busy');
    }
  };
  await Promise.all(Array.from({length: 32}, worker));
};`;

test('an image whose every access takes 100 ms, under load: the ping of another guest does not wait for it', async (t) => {
  t.timeout(120_000);
  const dir = tempDir(t);
  writeFileSync(join(dir, 'slow.img'), pattern(SIZE));
  writeFileSync(join(dir, 'busy.mjs'), busy);
  const files = new SlowFiles(DELAY_MS, false);
  const host = await TestHost.start({clock: realClock({seed: 1}), fileCalls: files.calls});
  t.teardown(() => host.close());
  const slow = await host.create(
    `name="slow"\nkernel="${join(dir, 'busy.mjs')}"\nmemory=32\ndisk=["${join(dir, 'slow.img')},raw,xvda,w"]`,
  );
  const other = await host.boot('other', 'vif=[""]\nextra="ip=10.0.0.1/24"');
  while (!host.consoleText(slow).includes('busy')) await host.settle(5e7);
  host.host.consoleInput(other, new TextEncoder().encode(`ping -i 0.05 -c ${PINGS} 10.0.0.254\r`));
  while (!host.consoleText(other).includes('packets transmitted')) await host.settle(5e7);
  const text = host.consoleText(other);
  const times = Array.from(text.matchAll(/time=([\d.]+) ms/g), ([, ms]) => Number(ms)).sort((a, b) => a - b);
  t.true(times.length >= PINGS / 2, text);
  t.true(times[Math.floor(times.length / 2)] < DELAY_MS, times.join(' '));
  t.is(files.stalls, 0);
});
