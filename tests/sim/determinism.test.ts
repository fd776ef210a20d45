import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {TestHost} from '../support/host.ts';

/** Two guests with disks and nics boot, read, write and ping, and are shut down; all of the trace. */
const run = async (t: ExecutionContext, seed: number): Promise<string[]> => {
  const directory = mkdtempSync(join(tmpdir(), 'pvsim-sim-'));
  t.teardown(() => rmSync(directory, {recursive: true, force: true}));
  const image = join(directory, 'disk.img');
  writeFileSync(image, Buffer.alloc(1 << 20, 7));
  const host = await TestHost.start({seed});
  const disks = 'vif=["bridge=xenbr0"]\n';
  const a = await host.boot(
    'a',
    `${disks}disk=["format=raw,vdev=xvda,access=rw,target=${image}"]\nextra="ip=10.0.0.1/24"`,
  );
  const b = await host.boot(
    'b',
    `${disks}disk=["format=raw,vdev=xvda,access=rw,target=ram:1M"]\nextra="ip=10.0.0.2/24"`,
  );
  await Promise.all([
    host.shell(a, 'dd if=/dev/xvda of=/dev/null bs=64k; ping -c 3 10.0.0.2', 5e9),
    host.shell(b, 'dd if=/dev/zero of=/dev/xvda bs=4k count=64 conv=fsync; sha256sum /dev/xvda', 5e9),
  ]);
  t.regex(host.consoleText(a), /3 packets transmitted, 3 received, 0% packet loss/);
  await host.close();
  return host.trace.map((line) => line.replaceAll(directory, 'DIR'));
};

test('the same seed gives the same trace, byte for byte, over a whole boot with disk and net traffic', async (t) => {
  const first = await run(t, 42);
  const again = await run(t, 42);
  t.true(first.length > 1000, `${first.length} records`);
  const differs = first.findIndex((line, i) => line !== again[i]);
  t.is(differs, -1, `record ${differs} of seed 42:\n${first[differs]}\n${again[differs]}`);
  t.is(again.length, first.length);
});

test('another seed takes another order', async (t) => {
  t.notDeepEqual(await run(t, 1), await run(t, 2));
});
