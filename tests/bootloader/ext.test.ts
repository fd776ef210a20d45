import {execFileSync} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import {BootError} from '../../toolstack/bootloader/boot-error.ts';
import type {ByteSource} from '../../toolstack/bootloader/disk-reader.ts';
import {ExtFileSystem} from '../../toolstack/bootloader/ext.ts';
import {Random} from '../../hypervisor/schedule/index.ts';
import {realEnv, realTest} from '../support/real.ts';
import {temporaryDirectory} from '../support/temporary.ts';

const MIB = 2 ** 20;
const LONG_NAME = 'n'.repeat(200);

const large = randomBytes(3 * MIB + 77);
/** Bytes at its ends only. */
const sparse = Buffer.alloc(2 * MIB + 5);
sparse.write('begin');
sparse.write('end', sparse.length - 3);

const makeTree = (directory: string): void => {
  mkdirSync(join(directory, 'boot/many'), {recursive: true});
  writeFileSync(join(directory, 'boot/large'), large);
  writeFileSync(join(directory, 'boot/empty'), '');
  writeFileSync(join(directory, 'sparse'), '');
  truncateSync(join(directory, 'sparse'), sparse.length);
  writeFileSync(join(directory, 'sparse'), 'begin', {flag: 'r+'});
  execFileSync('sh', ['-c', `printf end | dd of=sparse bs=1 seek=${sparse.length - 3} conv=notrunc 2> dd.log`], {
    cwd: directory,
  });
  for (let i = 0; i < 600; i++) writeFileSync(join(directory, `boot/many/file-${i}`), String(i));
  mkdirSync(join(directory, LONG_NAME));
  writeFileSync(join(directory, LONG_NAME, 'deep'), 'deep');
  symlinkSync('boot/large', join(directory, 'relative'));
  symlinkSync('/boot/large', join(directory, 'boot/absolute'));
  symlinkSync(`../${LONG_NAME}/deep`, join(directory, 'boot/long'));
  symlinkSync('loop', join(directory, 'loop'));
};

const sourceOf = (bytes: Buffer): ByteSource => ({
  sizeBytes: bytes.length,
  read: async (position, length) => {
    if (!(position >= 0 && position + length <= bytes.length)) throw new BootError('beyond its end');
    return bytes.subarray(position, position + length);
  },
});

const makeImage = (t: ExecutionContext, type: string, options: readonly string[]): Buffer => {
  const directory = temporaryDirectory(t);
  mkdirSync(join(directory, 'tree'));
  makeTree(join(directory, 'tree'));
  const image = join(directory, 'image');
  execFileSync('mke2fs', ['-q', '-t', type, ...options, '-d', join(directory, 'tree'), image, '16M'], {env: realEnv});
  return readFileSync(image);
};

const kinds: readonly [title: string, type: string, options: readonly string[]][] = [
  ['ext2 with blocks of 1 KiB', 'ext2', ['-b', '1024']],
  ['ext3', 'ext3', ['-b', '4096']],
  ['ext4', 'ext4', []],
  ['ext4 with 64-bit block numbers and large inodes', 'ext4', ['-O', '64bit', '-I', '512', '-b', '2048']],
];

for (const [title, type, options] of kinds) {
  realTest('mke2fs', `files are read off ${title}, through links, holes and large directories`, async (t) => {
    const files = await ExtFileSystem.open(sourceOf(makeImage(t, type, options)));
    if (files === undefined) return t.fail('no file system');
    for (const path of ['/boot/large', 'boot//./large', '/relative', '/boot/absolute', '/boot/many/../large']) {
      t.true((await files.readFile(path))?.equals(large), path);
    }
    t.true((await files.readFile('/sparse'))?.equals(sparse));
    t.is((await files.readFile('/boot/empty'))?.length, 0);
    t.is((await files.readFile('/boot/long'))?.toString(), 'deep');
    for (const i of [0, 299, 599]) t.is((await files.readFile(`/boot/many/file-${i}`))?.toString(), String(i));
    for (const path of ['/nothing', '/boot/many/file-600', '/boot/large/below'])
      t.is(await files.readFile(path), undefined);
    await t.throwsAsync(files.readFile('/loop'), {instanceOf: BootError, message: /too many links/});
    await t.throwsAsync(files.readFile('/boot'), {instanceOf: BootError, message: /not a file/});
  });
}

realTest('mke2fs', 'a damaged file system is an error, never an exception or endless work', async (t) => {
  const image = makeImage(t, 'ext4', []);
  const random = new Random(4711);
  // What leads elsewhere is at the beginning: superblock, descriptors, inodes, directories.
  const used = Array.from({length: image.length >>> 4}, (_, at) => at).filter((at) => image[at] !== 0);
  let errors = 0;
  for (let round = 0; round < 60; round++) {
    const places = Array.from({length: 1000}, () => used[random.below(used.length)]);
    const before = places.map((at) => image[at]);
    for (const at of places) image[at] = random.u32() & 0xff;
    try {
      const files = await ExtFileSystem.open(sourceOf(image));
      for (const path of ['/boot/large', '/boot/long', '/boot/many/file-5']) await files?.readFile(path);
    } catch (error) {
      t.true(error instanceof BootError, String((error as Error).stack));
      errors++;
    }
    for (const [i, at] of places.entries()) image[at] = before[i];
  }
  t.true(errors > 20, `${errors} errors`);
});
