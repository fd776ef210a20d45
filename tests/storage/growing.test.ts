import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {GrowingFile, type GrowingFileOptions, ImageLocks, StorageError} from '../../backends/storage/index.ts';
import {realClock} from '../../hypervisor/schedule/index.ts';
import {result, vectorOver} from '../support/storage.ts';
import {temporaryDirectory} from '../support/temporary.ts';

const open = async (path: string, options: Partial<GrowingFileOptions> = {}): Promise<GrowingFile> => {
  const file = await GrowingFile.open(path, {readonly: false, locks: new ImageLocks(), ...options});
  if (file instanceof StorageError) throw file;
  return file;
};

for (const [how, clock] of [
  ['at once', undefined],
  ['by worker threads', realClock()],
] as const) {
  test(`a file grows and is cut off, ${how}`, async (t) => {
    const path = join(temporaryDirectory(t), 'a.tap');
    const file = await open(path, {create: true, clock});
    await file.write(0, Buffer.from('hello '));
    await file.write(6, Buffer.from('world'));
    t.is(file.sizeBytes, 11);
    t.is((await file.read(6, 100)).toString(), 'world', 'no more than there is');
    const bytes = new Uint8Array(5);
    t.is(await result((completion) => file.readVector(vectorOver(bytes), 6, completion)), 5);
    t.is(Buffer.from(bytes).toString(), 'world');
    await file.truncate(5);
    await file.sync();
    t.is(file.sizeBytes, 5);
    await file.close();
    t.is(readFileSync(path, 'utf8'), 'hello');
  });
}

test('a file has one writer, and is only made where that is asked for', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'a.tap');
  const locks = new ImageLocks();
  const refusal = async (target: string, readonly = false): Promise<string> => {
    const file = await GrowingFile.open(target, {readonly, locks});
    return file instanceof StorageError ? `${file.code}: ${file.message}` : 'opened';
  };
  t.is(await refusal(path), `missing: ${path}: No such file or directory`);
  t.false(existsSync(path));
  t.is(await refusal(directory, true), `not-a-file: ${directory}: Not a regular file`);
  writeFileSync(path, 'x');
  const writer = await open(path, {locks});
  t.is(await refusal(path, true), `busy: ${path}: in use by another device`);
  await writer.close();
  t.is(await refusal(path, true), 'opened');
});
