import {join} from 'node:path';
import {writeFileSync} from 'node:fs';
import {type FileCalls, imagesClosed, nodeCalls, type Storage} from '../../backends/storage/index.ts';
import {pattern, tempDir} from '../support/block.ts';
import {seeded} from '../support/disk-model.ts';
import {qemuCheck, qemuImg} from '../support/qemu.ts';
import {realTest} from '../support/real.ts';
import {discard, flush, openImage, readBytes, tryRead, writeBytes} from '../support/storage.ts';

const SIZE = 2 * 2 ** 20;
const SECTORS = SIZE / 512;

/** Files whose calls fail now and then, while `rate` is not 0. */
const failing = (random: (below: number) => number): {calls: FileCalls; rate: number} => {
  const files = {calls: nodeCalls, rate: 0};
  const maybe = (): void => {
    if (files.rate > 0 && random(files.rate) === 0) throw Object.assign(new Error('EIO'), {code: 'EIO', errno: -5});
  };
  const wrap = <F extends (...args: never[]) => unknown>(call: F): F =>
    ((...args: never[]) => {
      maybe();
      return call(...args);
    }) as F;
  files.calls = {
    ...nodeCalls,
    readSync: wrap(nodeCalls.readSync as never) as FileCalls['readSync'],
    readvSync: wrap(nodeCalls.readvSync as never) as FileCalls['readvSync'],
    writeSync: wrap(nodeCalls.writeSync as never) as FileCalls['writeSync'],
    writevSync: wrap(nodeCalls.writevSync as never) as FileCalls['writevSync'],
    fdatasyncSync: wrap(nodeCalls.fdatasyncSync),
  };
  return files;
};

/** Work on a failing disk. What a sector holds after an operation that failed nobody knows, until it is written again. */
const work = async (
  storage: Storage,
  model: Buffer,
  unknown: Uint8Array,
  random: (below: number) => number,
): Promise<number> => {
  let failures = 0;
  for (let i = 0; i < 120; i++) {
    const sectors = 1 + random(200);
    const first = random(SECTORS - sectors);
    const [position, length] = [first * 512, sectors * 512];
    const kind = random(8);
    if (kind < 4) {
      const bytes = Buffer.alloc(length, 1 + random(255));
      const ok = (await writeBytes(storage, position, bytes)) === length;
      bytes.copy(model, position);
      unknown.fill(ok ? 0 : 1, first, first + sectors);
      failures += ok ? 0 : 1;
    } else if (kind === 4) {
      const ok = (await discard(storage, position, length)) === length;
      model.fill(0, position, position + length);
      unknown.fill(ok ? 0 : 1, first, first + sectors);
      failures += ok ? 0 : 1;
    } else if (kind === 5) failures += (await flush(storage)) === 0 ? 0 : 1;
    else if (typeof (await tryRead(storage, position, length)) === 'number') failures++;
  }
  return failures;
};

for (const [what, option] of [
  ['64 KiB clusters', 'cluster_size=64k'],
  ['1 KiB clusters', 'cluster_size=1k'],
  ['lazy refcounts', 'cluster_size=4k,lazy_refcounts=on'],
  ['512 byte clusters, v2', 'cluster_size=512,compat=0.10'],
] as const) {
  realTest('qemu-img', `qcow2, ${what}: a file that fails now and then leaves a consistent image`, async (t) => {
    for (let seed = 1; seed <= 4; seed++) {
      const dir = tempDir(t);
      const path = join(dir, 'disk.qcow2');
      writeFileSync(join(dir, 'base.img'), pattern(SIZE));
      const base = seed % 2 === 0 ? ['-b', 'base.img', '-F', 'raw'] : [];
      qemuImg('create', '-q', '-f', 'qcow2', '-o', option, ...base, path, String(SIZE));
      const model = Buffer.from(base.length > 0 ? pattern(SIZE) : new Uint8Array(SIZE));
      const unknown = new Uint8Array(SECTORS);
      const random = seeded(seed);
      const files = failing(random);
      const storage = await openImage(`qcow2:${path}`, {calls: files.calls});
      files.rate = 25;
      t.true((await work(storage, model, unknown, random)) > 3, `seed ${seed}`);
      files.rate = 0;
      t.is(await flush(storage), 0, `seed ${seed}`);
      if (!option.includes('lazy')) t.notRegex(qemuCheck(path), /ERROR/, `seed ${seed}, after the flush`);
      const bytes = Buffer.from(await readBytes(storage));
      storage.close();
      await imagesClosed();
      t.notRegex(qemuCheck(path), /ERROR/, `seed ${seed}`);
      const again = await openImage(`qcow2:${path}`, {readonly: true});
      t.is(Buffer.compare(await readBytes(again), bytes), 0, `seed ${seed}: as before it was closed`);
      again.close();
      await imagesClosed();
      for (let sector = 0; sector < SECTORS; sector++) {
        if (unknown[sector] === 1) model.copy(bytes, sector * 512, sector * 512, sector * 512 + 512);
      }
      t.is(Buffer.compare(bytes, model), 0, `seed ${seed}: what was acknowledged`);
    }
  });
}
