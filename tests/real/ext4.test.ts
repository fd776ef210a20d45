import {execFileSync} from 'node:child_process';
import {createHash, randomBytes} from 'node:crypto';
import {copyFileSync, mkdirSync, readFileSync, truncateSync} from 'node:fs';
import {realEnv, realTest} from '../support/real.ts';
import {XlHost} from '../support/xl.ts';

const MIB = 2 ** 20;
/** The file system's size, and that of the image, which goes on behind it. */
const FS_MIB = 16;
const IMAGE_MIB = 18;

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** An ext4 file system with a file of random bytes in it, in an image with room behind. */
const makeImage = (host: XlHost, name: string): void => {
  mkdirSync(host.path(`${name}-files`));
  host.write(`${name}-files/random`, randomBytes(3 * MIB));
  const image = host.path(`${name}.img`);
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-d', host.path(`${name}-files`), image, `${FS_MIB}M`], {env: realEnv});
  truncateSync(image, IMAGE_MIB * MIB);
};

const imageOf = (host: XlHost, name: string): Buffer => readFileSync(host.path(`${name}.img`));

realTest('mke2fs', 'two guests of examples/ read and write ext4 images and ping each other', async (t) => {
  const host = XlHost.at(t);
  const guests = [
    {name: 'alice', address: '10.0.0.1', other: '10.0.0.2'},
    {name: 'bob', address: '10.0.0.2', other: '10.0.0.1'},
  ];
  for (const {name, address} of guests) {
    copyFileSync(`examples/${name}.cfg`, host.path(`${name}.cfg`));
    makeImage(host, name);
    await host.ok('create', `${name}.cfg`, `extra="ip=${address}/24 run='sha256sum /dev/xvda'"`);
  }

  for (const {name, other} of guests) {
    const [, seen] = await host.waitForConsole(name, /^([0-9a-f]{64}) {2}\/dev\/xvda$/m);
    t.is(seen, sha256(imageOf(host, name)), `${name} reads what is in the image`);
    const [, loss] = await host.type(name, `ping -c 3 -i 0.1 ${other}`, /3 packets transmitted, (.*) packet loss/);
    t.is(loss, '3 received, 0%');
  }

  // Over the whole file system with its own bytes, then its first MiB once more behind it.
  await host.type('alice', `dd if=/dev/xvda of=/dev/xvda bs=64k count=${FS_MIB * 16}`, /^\d+ bytes .* copied/m);
  const copy = `dd if=/dev/xvda of=/dev/xvda bs=1M count=1 seek=${FS_MIB} conv=fsync`;
  await host.type('alice', copy, /^1048576 bytes .* copied/m);
  const [, seen] = await host.type('alice', 'sha256sum /dev/xvda', /^([0-9a-f]{64}) {2}/m);
  const before = sha256(imageOf(host, 'bob'));

  for (const {name} of guests) await host.ok('shutdown', '-w', name);

  const image = imageOf(host, 'alice');
  t.is(sha256(image), seen, 'the image is what the guest read last');
  t.is(sha256(image.subarray(FS_MIB * MIB, (FS_MIB + 1) * MIB)), sha256(image.subarray(0, MIB)));
  t.is(sha256(imageOf(host, 'bob')), before, 'nobody else writes');
  for (const {name} of guests) {
    // It fails where there is anything to mend.
    t.regex(
      execFileSync('e2fsck', ['-fn', host.path(`${name}.img`)], {encoding: 'utf8', env: realEnv, stdio: 'pipe'}),
      /Pass 5/,
    );
  }
});
