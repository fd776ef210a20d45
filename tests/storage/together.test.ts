import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {imagesClosed} from '../../backends/storage/index.ts';
import {realClock} from '../../hypervisor/schedule/index.ts';
import {pattern, tempDir} from '../support/block.ts';
import {exerciseTogether, seeded} from '../support/disk-model.ts';
import {makeQcow2, makeVhd} from '../support/image-makers.ts';
import {openImage, readBytes} from '../support/storage.ts';

const SIZE = 4 * 2 ** 20 + 512 * 3;

const cases: readonly [what: string, prefix: string, make: (path: string, base: string) => void][] = [
  ['raw', '', (path) => writeFileSync(path, pattern(SIZE - (SIZE % 4)))],
  ['qcow2', 'qcow2:', (path) => makeQcow2(path, SIZE)],
  ['qcow2 of small clusters', 'qcow2:', (path) => makeQcow2(path, SIZE, {clusterBits: 9, refcountOrder: 6})],
  ['qcow2 on a base', 'qcow2:', (path, base) => makeQcow2(path, SIZE, {backing: {file: base, format: 'raw'}})],
  ['VHD', 'vhd:', (path) => makeVhd(path, SIZE)],
];

for (const [what, prefix, make] of cases) {
  for (const workers of [false, true]) {
    test(`${what}, ${workers ? 'by workers' : 'at once'}: many at work on neighbouring sectors`, async (t) => {
      const dir = tempDir(t);
      const base = join(dir, 'base.img');
      writeFileSync(base, pattern(SIZE));
      const target = `${prefix}${join(dir, 'disk')}`;
      make(join(dir, 'disk'), base);
      const clock = workers ? realClock({seed: 1}) : undefined;
      const random = seeded(17);
      let model: Buffer | undefined;
      for (let round = 0; round < 2; round++) {
        const storage = await openImage(target, {clock});
        model ??= Buffer.from(await readBytes(storage));
        await exerciseTogether(storage, model, random, {parts: 24, count: 15});
        t.is(Buffer.compare(await readBytes(storage), model), 0, `round ${round}`);
        storage.close();
        await imagesClosed();
      }
      clock?.close();
    });
  }
}
