import {readFileSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {ImageLocks, imagesClosed, openStorage, StorageError} from '../../backends/storage/index.ts';
import {pattern, tempDir} from '../support/block.ts';
import {seeded} from '../support/disk-model.ts';
import {makeQcow2, makeVhd} from '../support/image-makers.ts';
import {flush, openImage, result, tryRead, writeBytes} from '../support/storage.ts';

const SIZE = 2 ** 20;
const IMAGES = Number(process.env.PVSIM_TEST_IMAGES ?? 250);
/** No operation here needs more than this beyond what the image had. */
const GROWTH = 64 * 2 ** 20;

/** Changes some bytes, most of them where tables are. */
const damage = (image: Buffer, random: (below: number) => number): void => {
  const changes = 1 + random(12);
  for (let i = 0; i < changes; i++) {
    const within = random(3) === 0 ? image.length : Math.min(image.length, 40_000);
    const at = random(within);
    image[at] = random(2) === 0 ? random(256) : image[at] ^ (1 << random(8));
  }
};

/** Does what a guest might; says how it was. Throws for nothing that is in the image. */
const use = async (target: string, readonly: boolean, random: (below: number) => number): Promise<string> => {
  const storage = await openStorage(target, {readonly, locks: new ImageLocks()});
  if (storage instanceof StorageError) return `${storage.code}: ${storage.message}`;
  let errors = 0;
  for (let i = 0; i < 12; i++) {
    const length = 512 * (1 + random(64));
    if (length > storage.sizeBytes) break;
    const position = 512 * random((Math.min(storage.sizeBytes, SIZE) - length) / 512 + 1);
    const kind = random(4);
    let got: number;
    if (readonly || kind === 0) {
      const bytes = await tryRead(storage, position, length);
      got = typeof bytes === 'number' ? bytes : length;
    } else if (kind === 1 && storage.discardGranularity > 0) {
      got = await result((completion) => storage.discard(position, length, completion));
    } else if (kind === 2) {
      got = (await flush(storage)) || length;
    } else {
      got = await writeBytes(storage, position, pattern(length));
    }
    if (!(got < 0 || (got > 0 && got <= length))) throw new Error(`a result of ${got} for ${length} bytes`);
    if (got < 0) errors++;
  }
  storage.close();
  await imagesClosed();
  return `opened, ${errors} errors`;
};

for (const format of ['qcow2', 'vhd'] as const) {
  test(`${format}: damaged images are refused, or fail with errors, and nothing else`, async (t) => {
    const dir = tempDir(t);
    const good = join(dir, `good.${format}`);
    if (format === 'vhd') makeVhd(good, SIZE, {blockBytes: 16384});
    else makeQcow2(good, SIZE, {clusterBits: 12});
    const storage = await openImage(`${format}:${good}`);
    for (const position of [0, 65536, 300_032, SIZE - 8192]) await writeBytes(storage, position, pattern(8192));
    storage.close();
    await imagesClosed();
    const whole = readFileSync(good);
    const beside = join(dir, 'beside.img');
    writeFileSync(beside, pattern(4096));
    const path = join(dir, 'damaged');
    const outcomes = new Map<string, number>();
    for (let seed = 1; seed <= IMAGES; seed++) {
      const random = seeded(seed);
      const image = Buffer.from(whole);
      damage(image, random);
      writeFileSync(path, image);
      const readonly = random(4) === 0;
      const how = await use(`${format}:${path}`, readonly, random).catch((error: unknown) => {
        throw new Error(`seed ${seed}: ${String(error)}`);
      });
      outcomes.set(how.slice(0, 10), (outcomes.get(how.slice(0, 10)) ?? 0) + 1);
      t.true(statSync(path).size <= whole.length + GROWTH, `seed ${seed}: the file grew to ${statSync(path).size}`);
      if (readonly) t.is(Buffer.compare(readFileSync(path), image), 0, `seed ${seed}: written though read-only`);
    }
    t.is(Buffer.compare(readFileSync(beside), pattern(4096)), 0);
    t.true(
      (outcomes.get('bad-format') ?? 0) > 0 && (outcomes.get('opened, 0 ') ?? 0) > 0,
      JSON.stringify([...outcomes]),
    );
  });
}
