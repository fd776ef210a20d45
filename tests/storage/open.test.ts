import {execFileSync} from 'node:child_process';
import {chmodSync, linkSync, mkdirSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {ImageLocks, openStorage, type Storage, StorageError} from '../../backends/storage/index.ts';
import {tempDir} from '../support/block.ts';
import {openImage, refusal as whyNot} from '../support/storage.ts';

const opened = (target: string, readonly = false, locks = new ImageLocks()): Promise<Storage> =>
  openImage(target, {readonly, locks});

const refusal = (target: string, readonly = false, locks = new ImageLocks()): Promise<string> =>
  whyNot(target, {readonly, locks});

test('what cannot be opened says why', async (t) => {
  const dir = tempDir(t);
  const at = (name: string, bytes: number): string => {
    writeFileSync(join(dir, name), new Uint8Array(bytes));
    return join(dir, name);
  };
  mkdirSync(join(dir, 'folder'));
  symlinkSync(join(dir, 'loop'), join(dir, 'loop'));
  execFileSync('mkfifo', [join(dir, 'fifo')]);
  const table: [string, RegExp][] = [
    [join(dir, 'none'), /^missing: .*none: No such file or directory$/],
    [join(at('file', 512), 'below'), /^missing: /],
    ['', /^missing: /],
    [join(dir, 'folder'), /^not-a-file: .*Not a regular file$/],
    ['/dev/null', /^not-a-file: /],
    [join(dir, 'fifo'), /^not-a-file: /],
    [join(dir, 'loop'), /^io: .*ELOOP/],
    ['with\0zero', /^io: /],
    [at('empty', 0), /^bad-size: .*empty/],
    [at('odd', 1000), /^bad-size: .*1000 bytes are not whole sectors of 512$/],
    [at('good', 1024), /^opened$/],
    ['ram:', /^bad-target: /],
    ['ram:big', /^bad-target: /],
    ['ram:-1', /^bad-target: /],
    ['ram:1x', /^bad-target: /],
    ['ram:0', /^bad-size: /],
    ['ram:100', /^bad-size: /],
    ['ram:5g', /^bad-size: /],
    ['ram:999999999999999g', /^bad-size: /],
    ['ram:64K', /^opened$/],
  ];
  for (const [target, expected] of table) {
    t.regex(await refusal(target), expected, target);
    t.regex(await refusal(target, true), expected, `${target}, read-only`);
  }
});

test('a file that may not be written can be read', async (t) => {
  const path = join(tempDir(t), 'disk.img');
  writeFileSync(path, new Uint8Array(512));
  chmodSync(path, 0o444);
  // Root may write what it likes.
  if (process.getuid?.() !== 0) t.regex(await refusal(path), /^access: .*Permission denied$/);
  t.is(await refusal(path, true), 'opened');
});

test('sizes', async (t) => {
  for (const [target, bytes] of [
    ['ram:512', 512],
    ['ram:64k', 65536],
    ['ram:1M', 1048576],
  ] as const) {
    const storage = await opened(target, true);
    t.is(storage.sizeBytes, bytes);
    t.true(storage.readonly);
    storage.close();
  }
});

test('one writer or many readers, whatever name the file goes by', async (t) => {
  const dir = tempDir(t);
  const path = join(dir, 'disk.img');
  writeFileSync(path, new Uint8Array(1024));
  linkSync(path, join(dir, 'hard'));
  symlinkSync(path, join(dir, 'soft'));
  const names = [path, join(dir, 'hard'), join(dir, 'soft')];
  const locks = new ImageLocks();
  const writer = await opened(path, false, locks);
  for (const name of names) {
    t.regex(await refusal(name, false, locks), /^busy: .*in use/);
    t.regex(await refusal(name, true, locks), /^busy: /);
  }
  writer.close();
  const readers = await Promise.all(names.map((name) => opened(name, true, locks)));
  t.regex(await refusal(path, false, locks), /^busy: /);
  readers.forEach((reader) => reader.close());
  (await opened(path, false, locks)).close();
});

test('hosts of one process share their locks', async (t) => {
  const path = join(tempDir(t), 'disk.img');
  writeFileSync(path, new Uint8Array(1024));
  const first = await openStorage(path, {readonly: false});
  const second = await openStorage(path, {readonly: false});
  t.true(second instanceof StorageError && second.code === 'busy');
  if (!(first instanceof StorageError)) first.close();
});
