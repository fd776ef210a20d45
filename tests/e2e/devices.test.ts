import {createHash, randomBytes} from 'node:crypto';
import {readFileSync} from 'node:fs';
import test from 'ava';
import {XlHost} from '../support/xl.ts';

const MIB = 2 ** 20;
const MAC = '00:16:3e:00:00:77';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** First column and the state's of `xl block-list` or `xl network-list`. */
const rowsOf = (listing: string, stateColumn: number): string[] =>
  listing
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((row) => row.split(/\s+/))
    .map((cells) => `${cells[0]}: ${cells[stateColumn]}`);

test.serial('a disk is attached to a running guest and detached again', async (t) => {
  const host = XlHost.at(t);
  const bytes = randomBytes(MIB);
  host.write('data.img', bytes);
  const disks = async (): Promise<string[]> => rowsOf(await host.ok('block-list', 'hello'), 3);
  await host.create('hello', 'disk = ["format=raw,vdev=xvda,access=rw,target=ram:1M"]');
  await host.waitForConsole('hello', /hello# $/);
  t.deepEqual(await disks(), ['51712: 4']);

  await host.ok('block-attach', 'hello', 'data.img,raw,xvdb,rw');
  await host.waitForConsole('hello', /blkfront: xvdb: 2048 sectors/);
  t.deepEqual(await disks(), ['51712: 4', '51728: 4']);
  await host.type('hello', 'lsblk', /^xvdb +202:16 +0 +1M +0 disk$/m);
  const [, seen] = await host.type('hello', 'sha256sum /dev/xvdb', /^([0-9a-f]{64}) {2}/m);
  t.is(seen, sha256(bytes));
  await host.type('hello', 'dd if=/dev/zero of=/dev/xvdb bs=4k count=1 seek=3', /^4096 bytes .* copied/m);

  await host.ok('block-detach', 'hello', 'xvdb');
  await host.waitForConsole('hello', /blkfront: xvdb: removed/);
  t.deepEqual(await disks(), ['51712: 4']);
  const [listed] = await host.type('hello', 'lsblk; echo done', /[^]*^done$/m);
  t.regex(listed, /^xvda /m);
  t.notRegex(listed, /^xvdb/m);
  bytes.fill(0, 3 * 4096, 4 * 4096);
  t.is(sha256(readFileSync(host.path('data.img'))), sha256(bytes), 'what the guest wrote is in the image');

  // The image is free for another use, and the name for another image.
  await host.ok('block-attach', 'hello', 'data.img,raw,xvdb,r');
  await host.waitForConsole('hello', /xvdb: 2048 sectors of 512 bytes \(1M\), read-only/);
  t.deepEqual(await disks(), ['51712: 4', '51728: 4']);
});

test.serial('a network interface is attached to a running guest and detached again', async (t) => {
  const host = XlHost.at(t);
  const vifs = async (): Promise<string[]> => rowsOf(await host.ok('network-list', 'hello'), 4);
  await host.create('hello', 'extra = "ip=10.0.0.1/24"');
  await host.waitForConsole('hello', /hello# $/);
  t.deepEqual(await vifs(), []);

  for (const which of [MAC, '0']) {
    const from = host.consoleText('hello').length;
    await host.ok('network-attach', 'hello', `mac=${MAC}`, 'bridge=xenbr0');
    await host.waitForConsole('hello', /eth0: address 10\.0\.0\.1/, from);
    await host.waitFor('Connected vif', async () => (await vifs()).join() === '0: 4');
    await host.type('hello', 'ip addr', new RegExp(`link/ether ${MAC}[^]*inet 10\\.0\\.0\\.1/24`));
    await host.type('hello', 'ping -c 1 10.0.0.254', /1 received, 0% packet loss/);

    await host.ok('network-detach', 'hello', which);
    await host.waitForConsole('hello', /netfront: eth0: removed/, from);
    t.deepEqual(await vifs(), []);
    const [listed] = await host.type('hello', 'ip addr; echo done', /[^]*^done$/m);
    t.notRegex(listed, /eth0/);
  }
});
