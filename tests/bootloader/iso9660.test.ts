import {execFileSync} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import {SHUTDOWN_watchdog} from '../../hypervisor/abi/sched.ts';
import {Random} from '../../hypervisor/schedule/index.ts';
import {BootError} from '../../toolstack/bootloader/boot-error.ts';
import type {ByteSource} from '../../toolstack/bootloader/disk-reader.ts';
import {IsoFileSystem} from '../../toolstack/bootloader/iso9660.ts';
import {TestHost} from '../support/host.ts';
import {realTest} from '../support/real.ts';
import {temporaryDirectory} from '../support/temporary.ts';
import {elfKernel, sayAndShutDown} from '../support/tiny-kernel.ts';

const content = randomBytes(70_001);

const makeIso = (t: ExecutionContext, options: readonly string[]): {path: string; bytes: Buffer} => {
  const directory = temporaryDirectory(t);
  const tree = join(directory, 'tree');
  mkdirSync(join(tree, 'boot/grub'), {recursive: true});
  mkdirSync(join(tree, 'many'));
  writeFileSync(join(tree, 'boot/vmlinuz'), elfKernel(sayAndShutDown('off the CD\n', SHUTDOWN_watchdog)));
  writeFileSync(join(tree, 'boot/grub/grub.cfg'), 'menuentry "CD" {\n  linux /boot/vmlinuz quiet\n}\n');
  writeFileSync(join(tree, 'boot/content'), content);
  for (let i = 0; i < 100; i++) writeFileSync(join(tree, `many/f${i}`), String(i));
  const path = join(directory, 'cd.iso');
  execFileSync('xorriso', ['-as', 'mkisofs', '-quiet', ...options, '-o', path, tree], {stdio: 'pipe'});
  return {path, bytes: readFileSync(path)};
};

const sourceOf = (bytes: Buffer): ByteSource => ({
  sizeBytes: bytes.length,
  read: async (position, length) => {
    if (!(position >= 0 && position + length <= bytes.length)) throw new BootError('beyond its end');
    return bytes.subarray(position, position + length);
  },
});

const kinds: readonly [title: string, options: readonly string[]][] = [
  ['with Joliet', ['-J']],
  ['with Rock Ridge', ['-R']],
  ['with both', ['-J', '-R']],
];

for (const [title, options] of kinds) {
  realTest('xorriso', `files are read off an ISO 9660 file system ${title}`, async (t) => {
    const files = await IsoFileSystem.open(sourceOf(makeIso(t, options).bytes));
    t.true((await files?.readFile('/boot/content'))?.equals(content));
    for (const i of [0, 50, 99]) t.is((await files?.readFile(`/many/f${i}`))?.toString(), String(i));
    for (const path of ['/nothing', '/many/f100', '/boot/content/below']) t.is(await files?.readFile(path), undefined);
    await t.throwsAsync(async () => files?.readFile('/boot'), {instanceOf: BootError, message: /not a file/});
  });
}

realTest('xorriso', 'bootloader="pygrub" boots from a CD', async (t) => {
  const host = await TestHost.start();
  const {path} = makeIso(t, ['-J', '-R']);
  const disk = `disk=["${path},raw,xvda,r"]`;
  const text = `name="cd"\ntype="pvh"\nbootloader="pygrub"\nmemory=16\n${disk}\non_watchdog="preserve"`;
  const domid = await host.create(text);
  t.is(await host.host.waitShutdown(domid), SHUTDOWN_watchdog);
  t.true(host.host.dmesg().includes(`(XEN) d${domid}: off the CD`));
  await host.close();
});

realTest('xorriso', 'a damaged ISO 9660 file system is an error, never an exception', async (t) => {
  const {bytes} = makeIso(t, ['-J', '-R']);
  const random = new Random(3);
  let errors = 0;
  for (let round = 0; round < 100; round++) {
    const places = Array.from({length: 2000}, () => 16 * 2048 + random.below(24 * 2048));
    const before = places.map((at) => bytes[at]);
    for (const at of places) bytes[at] = random.u32() & 0xff;
    try {
      const files = await IsoFileSystem.open(sourceOf(bytes));
      for (const path of ['/boot/content', '/many/f7']) await files?.readFile(path);
    } catch (error) {
      t.true(error instanceof BootError, String((error as Error).stack));
      errors++;
    }
    for (const [i, at] of places.entries()) bytes[at] = before[i];
  }
  t.true(errors > 10, `${errors} errors`);
});
