import {closeSync, openSync, readSync, truncateSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {TestHost} from '../support/host.ts';
import {temporaryDirectory} from '../support/temporary.ts';

const GIB = 2 ** 30;
const MIB = 2 ** 20;
/** More than 2^32 sectors of 512 bytes. */
const SIZE = 3072 * GIB;

test('a guest reaches every byte of an image of 3 TiB', async (t) => {
  const image = join(temporaryDirectory(t), 'large.img');
  writeFileSync(image, '');
  truncateSync(image, SIZE);
  const host = await TestHost.start();
  t.teardown(() => host.close());
  const domid = await host.boot(
    'guest',
    `disk=["${image},raw,xvda,rw", "format=raw,vdev=xvdb,access=rw,target=ram:1M"]`,
  );
  t.regex(await host.shell(domid, 'lsblk'), /^xvda 202:0 +0 +3T +0 disk$/m);
  const file = openSync(image, 'r');
  t.teardown(() => closeSync(file));
  await host.shell(domid, 'dd if=/dev/random of=/dev/xvdb bs=1M');
  const [, sum] = /^([0-9a-f]{64})/m.exec(await host.shell(domid, 'sha256sum /dev/xvdb')) ?? [];

  for (const at of [0, 4 * GIB - MIB, 4 * GIB, 2048 * GIB, SIZE - MIB]) {
    await host.shell(domid, `dd if=/dev/xvdb of=/dev/xvda bs=1M seek=${at / MIB}`);
    const copy = await host.shell(domid, `dd if=/dev/xvda of=/dev/xvdb bs=1M count=1 skip=${at / MIB}`);
    t.regex(copy, /^1048576 bytes .* copied/m);
    t.true((await host.shell(domid, 'sha256sum /dev/xvdb')).includes(`\n${sum}`), `at ${at}`);
    const bytes = Buffer.alloc(MIB);
    readSync(file, bytes, 0, MIB, at);
    t.true(
      bytes.some((byte) => byte !== 0),
      `the image has them at ${at}`,
    );
  }
  t.regex(await host.shell(domid, `dd if=/dev/xvdb of=/dev/xvda bs=1M seek=${SIZE / MIB}`), /No space left on device/);
});
