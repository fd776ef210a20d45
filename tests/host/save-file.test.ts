import {readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {ToolstackError} from '../../toolstack/errors.ts';
import {writeWhole} from '../../toolstack/host/save-file.ts';
import {temporaryDirectory} from '../support/temporary.ts';

test('until a file is whole there is the old one of its name', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'a.save');
  writeFileSync(path, 'old');
  const result = await writeWhole(path, async (output) => {
    await output.write(Buffer.from('new '));
    // What a daemon that is killed now leaves.
    t.deepEqual(readdirSync(directory).sort(), ['a.save', 'a.save.unfinished']);
    t.is(readFileSync(path, 'utf8'), 'old');
    await output.write(Buffer.from('file'));
    return 7;
  });
  t.is(result, 7);
  t.is(readFileSync(path, 'utf8'), 'new file');
  t.deepEqual(readdirSync(directory), ['a.save']);
});

test('on a full disk the old file stays, and nothing of the new one', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'a.save');
  writeFileSync(path, 'old');
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), {code: 'ENOSPC', errno: -28});
  const attempt = writeWhole(path, async (output) => {
    await output.write(Buffer.from('begun'));
    throw full;
  });
  const error = await t.throwsAsync(attempt, {instanceOf: ToolstackError});
  t.is(error?.message, `xc: error: Failed to write ${path}: No space left on device`);
  t.is(readFileSync(path, 'utf8'), 'old');
  t.deepEqual(readdirSync(directory), ['a.save']);
});

test('what has run into an interrupted save writes over its rest', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'a.save');
  writeFileSync(`${path}.unfinished`, 'the rest of a longer file');
  await writeWhole(path, (output) => output.write(Buffer.from('whole')));
  t.is(readFileSync(path, 'utf8'), 'whole');
  t.deepEqual(readdirSync(directory), ['a.save']);
});

test('two at a time do not write one file', async (t) => {
  const path = join(temporaryDirectory(t), 'a.save');
  await writeWhole(path, async (output) => {
    const second = writeWhole(path, () => Promise.resolve());
    const error = await t.throwsAsync(second, {instanceOf: ToolstackError});
    t.is(error?.message, `Failed to open temp file ${path} for writing: another domain is being saved to it`);
    await output.write(Buffer.from('first'));
  });
  t.is(readFileSync(path, 'utf8'), 'first');
  await writeWhole(path, (output) => output.write(Buffer.from('next')));
  t.is(readFileSync(path, 'utf8'), 'next');
});
