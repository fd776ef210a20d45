import {createHash, randomBytes} from 'node:crypto';
import {readFileSync} from 'node:fs';
import test from 'ava';
import {XlHost} from '../support/xl.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Backend's domid and state of each disk, from `xl block-list`. */
const rowsOf = (listing: string): string[] =>
  listing
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((row) => row.split(/\s+/))
    .map((cells) => `${cells[1]}: ${cells[3]}`);

test.serial('xl gives a guest a disk of a driver domain, which dies and comes back', async (t) => {
  const host = XlHost.at(t);
  const bytes = randomBytes(2 ** 20);
  host.write('data.img', bytes);
  const disk = 'format=raw,vdev=xvda,access=rw,backend=store,target=data.img';
  host.write('store.cfg', 'name = "store"\nkernel = "driver-domain"\ndriver_domain = 1\nmemory = 16\n');
  const refused = await host.xl('block-attach', 'store', disk);
  t.not(refused.status, 0);

  await host.ok('create', 'store.cfg');
  await host.waitForConsole('store', /drivers loaded[^]*driver# $/);
  await host.create('guest', `disk = ["${disk}"]`);
  await host.waitForConsole('guest', /guest# $/);
  t.deepEqual(rowsOf(await host.ok('block-list', 'guest')), ['1: 4']);
  const [, seen] = await host.type('guest', 'sha256sum /dev/xvda', /^([0-9a-f]{64}) {2}/m);
  t.is(seen, sha256(bytes));

  await host.type('store', 'restart', /drivers loaded/);
  await host.type('guest', 'dd if=/dev/zero of=/dev/xvda bs=4k count=1 seek=3', /^4096 bytes .* copied/m);
  bytes.fill(0, 3 * 4096, 4 * 4096);
  t.is(sha256(readFileSync(host.path('data.img'))), sha256(bytes));

  await host.ok('destroy', 'store');
  await host.waitForConsole('guest', /blkfront: xvda: removed/);
  await host.ok('create', 'store.cfg');
  await host.ok('block-detach', 'guest', 'xvda');
  await host.ok('block-attach', 'guest', disk);
  t.deepEqual(rowsOf(await host.ok('block-list', 'guest')), ['3: 4']);
  const [, again] = await host.type('guest', 'sha256sum /dev/xvda', /^([0-9a-f]{64}) {2}/m);
  t.is(again, sha256(bytes));

  const {status, stderr} = await host.xl('block-attach', 'guest', disk.replace('backend=store', 'backend=guest'));
  t.not(status, 0);
  t.regex(stderr, /^libxl: error: Disk vdev=xvda: backend=guest: no driver domain/);
});
