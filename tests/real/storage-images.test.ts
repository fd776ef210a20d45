import {copyFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {imagesClosed, openStorage} from '../../backends/storage/index.ts';
import {createBlockRig, pattern, tempDir} from '../support/block.ts';
import {exercise, seeded} from '../support/disk-model.ts';
import {qemuCheck, qemuImg, qemuRead} from '../support/qemu.ts';
import {realTest} from '../support/real.ts';
import {discard, flush, openImage, readBytes, writeBytes} from '../support/storage.ts';

const SIZE = 6 * 2 ** 20;
const MIB = 2 ** 20;

/** A disk that compresses, with a hole in it. */
const diskBytes = (): Buffer => {
  const bytes = Buffer.alloc(SIZE);
  for (let at = 0; at < SIZE; at += 4) bytes.writeUInt32LE(Math.imul(at >>> 7, 0x9e3779b1) >>> 0, at);
  return bytes.fill(0, 2 * MIB, 3 * MIB);
};

interface Made {
  what: string;
  /** As blkback's params name it, before the path. */
  prefix: '' | 'qcow2:' | 'vhd:';
  format: string;
  make: (dir: string, source: string, path: string) => void;
}

const convert =
  (format: string, ...options: string[]): Made['make'] =>
  (_dir, source, path) =>
    void qemuImg('convert', '-f', 'raw', '-O', format, ...options, source, path);

const made: readonly Made[] = [
  {what: 'raw', prefix: '', format: 'raw', make: convert('raw')},
  {what: 'qcow2', prefix: 'qcow2:', format: 'qcow2', make: convert('qcow2')},
  {what: 'qcow2 v2', prefix: 'qcow2:', format: 'qcow2', make: convert('qcow2', '-o', 'compat=0.10')},
  {what: 'qcow2, compressed', prefix: 'qcow2:', format: 'qcow2', make: convert('qcow2', '-c')},
  {
    what: 'qcow2, compressed by zstd',
    prefix: 'qcow2:',
    format: 'qcow2',
    make: convert('qcow2', '-c', '-o', 'compression_type=zstd,cluster_size=16k'),
  },
  {
    what: 'qcow2 with a backing file, compressed',
    prefix: 'qcow2:',
    format: 'qcow2',
    make: (dir, source, path) => {
      qemuImg('convert', '-c', '-f', 'raw', '-O', 'qcow2', source, join(dir, 'base.qcow2'));
      qemuImg('create', '-q', '-f', 'qcow2', '-b', 'base.qcow2', '-F', 'qcow2', path);
    },
  },
  {
    what: 'qcow2 with a raw backing file',
    prefix: 'qcow2:',
    format: 'qcow2',
    make: (_dir, source, path) =>
      void qemuImg('create', '-q', '-f', 'qcow2', '-o', 'cluster_size=4k', '-b', source, '-F', 'raw', path),
  },
  {
    what: 'qcow2, preallocated',
    prefix: 'qcow2:',
    format: 'qcow2',
    make: convert('qcow2', '-o', 'preallocation=metadata'),
  },
  {what: 'vpc, fixed', prefix: 'vhd:', format: 'vpc', make: convert('vpc', '-o', 'subformat=fixed')},
  {what: 'vpc, dynamic', prefix: 'vhd:', format: 'vpc', make: convert('vpc', '-o', 'subformat=dynamic')},
  {
    what: 'vpc, dynamic, of exact size',
    prefix: 'vhd:',
    format: 'vpc',
    make: convert('vpc', '-o', 'subformat=dynamic,force_size=on'),
  },
];

for (const {what, prefix, format, make} of made) {
  realTest('qemu-img', `${what}: read through the ring as qemu-img reads it, and written as well`, async (t) => {
    const dir = tempDir(t);
    const source = join(dir, 'source.img');
    writeFileSync(source, diskBytes());
    const path = join(dir, 'disk');
    make(dir, source, path);
    const model = qemuRead(path, format);
    const block = await createBlockRig({open: (target, how) => openStorage(target, how)});
    await block.attach({target: `${prefix}${path}`});
    await block.settle();
    const {disk} = block;
    t.is(disk.sizeBytes, model.length);
    t.is(Buffer.compare(await block.run(() => disk.read(0, model.length)), model), 0, 'before');
    const random = seeded(11);
    for (let i = 0; i < 60; i++) {
      const length = 512 * (1 + random(300));
      const position = 512 * random((model.length - length) / 512);
      const bytes = Buffer.from(pattern(length, i));
      await block.run(() => disk.write(position, bytes));
      bytes.copy(model, position);
    }
    await block.run(() => disk.flush());
    t.is(Buffer.compare(await block.run(() => disk.read(0, model.length)), model), 0, 'after');
    await block.removeNodes();
    await block.settle();
    await imagesClosed();
    if (format === 'qcow2') t.is(qemuCheck(path), '');
    const wanted = join(dir, 'wanted.img');
    writeFileSync(wanted, model);
    t.regex(qemuImg('compare', '-f', format, '-F', 'raw', path, wanted), /Images are identical/);
    block.rig.close();
  });
}

const options: readonly [string, string][] = [
  ['clusters of 512 bytes', 'cluster_size=512'],
  ['clusters of 2 MiB', 'cluster_size=2M'],
  ['lazy refcounts', 'lazy_refcounts=on'],
  ['refcounts of 1 bit', 'refcount_bits=1,cluster_size=1k'],
  ['refcounts of 64 bits', 'refcount_bits=64,cluster_size=4k'],
  ['v2', 'compat=0.10,cluster_size=2k'],
];

for (const [what, option] of options) {
  realTest('qemu-img', `qcow2, ${what}: random work, and qemu-img finds no fault`, async (t) => {
    const path = join(tempDir(t), 'disk.qcow2');
    qemuImg('create', '-q', '-f', 'qcow2', '-o', option, path, String(SIZE));
    const model = Buffer.alloc(SIZE);
    const random = seeded(21);
    for (let round = 0; round < 3; round++) {
      const storage = await openImage(`qcow2:${path}`);
      await exercise(storage, model, random, 80);
      storage.close();
      await imagesClosed();
      t.is(qemuCheck(path), '', `round ${round}`);
      t.is(Buffer.compare(qemuRead(path, 'qcow2'), model), 0, `round ${round}`);
    }
  });
}

realTest('qemu-img', 'qcow2: compressed clusters are overwritten and discarded', async (t) => {
  const dir = tempDir(t);
  const source = join(dir, 'source.img');
  const model = diskBytes();
  writeFileSync(source, model);
  for (const compression of ['zlib', 'zstd']) {
    for (const cluster of ['4k', '64k', '2M']) {
      const path = join(dir, 'disk.qcow2');
      const shape = `compression_type=${compression},cluster_size=${cluster}`;
      qemuImg('convert', '-c', '-f', 'raw', '-O', 'qcow2', '-o', shape, source, path);
      const storage = await openImage(`qcow2:${path}`);
      const disk = Buffer.from(model);
      const bytes = Buffer.from(pattern(512 * 33));
      for (const position of [512 * 1001, 512 * 9001]) {
        await writeBytes(storage, position, bytes);
        bytes.copy(disk, position);
      }
      await discard(storage, MIB, MIB);
      disk.fill(0, MIB, 2 * MIB);
      t.is(Buffer.compare(await readBytes(storage), disk), 0, shape);
      storage.close();
      await imagesClosed();
      t.is(qemuCheck(path), '', shape);
      t.is(Buffer.compare(qemuRead(path, 'qcow2'), disk), 0, shape);
    }
  }
});

realTest('qemu-img', 'qcow2: internal snapshots are as they were', async (t) => {
  const dir = tempDir(t);
  const source = join(dir, 'source.img');
  const path = join(dir, 'disk.qcow2');
  const old = diskBytes();
  writeFileSync(source, old);
  qemuImg('convert', '-f', 'raw', '-O', 'qcow2', '-o', 'cluster_size=4k,lazy_refcounts=on', source, path);
  qemuImg('snapshot', '-c', 'before', path);
  const model = Buffer.from(old);
  const storage = await openImage(`qcow2:${path}`);
  await exercise(storage, model, seeded(31), 60);
  await flush(storage);
  storage.close();
  await imagesClosed();
  t.is(qemuCheck(path), '');
  t.is(Buffer.compare(qemuRead(path, 'qcow2'), model), 0);
  qemuImg('snapshot', '-a', 'before', path);
  t.is(qemuCheck(path), '');
  const again = await openImage(`qcow2:${path}`);
  t.is(Buffer.compare(await readBytes(again), old), 0);
  again.close();
  await imagesClosed();
});

realTest('qemu-img', 'qcow2: a refcount table that has to grow', async (t) => {
  const path = join(tempDir(t), 'disk.qcow2');
  qemuImg('create', '-q', '-f', 'qcow2', '-o', 'cluster_size=512', path, '48M');
  const storage = await openImage(`qcow2:${path}`);
  const bytes = Buffer.from(pattern(8 * MIB));
  for (let i = 0; i < 4; i++) t.is(await writeBytes(storage, i * 12 * MIB, bytes), bytes.length);
  t.is(await flush(storage), 0);
  t.is(qemuCheck(path), '');
  storage.close();
  await imagesClosed();
  t.is(qemuCheck(path), '');
  const again = await openImage(`qcow2:${path}`);
  t.is(Buffer.compare(await readBytes(again, 36 * MIB, bytes.length), bytes), 0);
  again.close();
  await imagesClosed();
});

realTest('qemu-img', 'qcow2: lazy refcounts after a crash, with compressed clusters and a snapshot', async (t) => {
  const dir = tempDir(t);
  const [source, path, crashed] = ['source.img', 'disk.qcow2', 'crashed.qcow2'].map((name) => join(dir, name));
  const old = diskBytes();
  writeFileSync(source, old);
  qemuImg('convert', '-c', '-f', 'raw', '-O', 'qcow2', '-o', 'cluster_size=4k,lazy_refcounts=on', source, path);
  qemuImg('snapshot', '-c', 'before', path);
  const model = Buffer.from(old);
  const storage = await openImage(`qcow2:${path}`);
  await exercise(storage, model, seeded(41), 60);
  t.is(await flush(storage), 0);
  copyFileSync(path, crashed);
  storage.close();
  await imagesClosed();
  t.not(qemuCheck(crashed), '', 'counts were not kept up to date');
  const again = await openImage(`qcow2:${crashed}`);
  t.is(qemuCheck(crashed), '');
  await exercise(again, model, seeded(42), 60);
  again.close();
  await imagesClosed();
  t.is(qemuCheck(crashed), '');
  t.is(Buffer.compare(qemuRead(crashed, 'qcow2'), model), 0);
  qemuImg('snapshot', '-a', 'before', crashed);
  t.is(Buffer.compare(qemuRead(crashed, 'qcow2'), old), 0);
});
