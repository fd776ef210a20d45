import {mkdirSync, readFileSync, rmSync, statSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {fileLog} from '../../toolstack/daemon/log.ts';
import {temporaryDirectory} from '../support/temporary.ts';

test('lines have the time, and the file is for its owner', (t) => {
  const path = join(temporaryDirectory(t), 'log');
  const log = fileLog(path);
  log('one\n');
  log('two');
  t.regex(readFileSync(path, 'utf8'), /^\d{4}-\d\d-\d\dT[\d:.]+Z one\n\d{4}-\d\d-\d\dT[\d:.]+Z two\n$/);
  t.is(statSync(path).mode & 0o777, 0o600);
});

test('a full file is moved away, once', (t) => {
  const path = join(temporaryDirectory(t), 'log');
  const log = fileLog(path, 1000);
  for (let line = 0; line < 100; line++) log(`line ${line}`);
  t.true(statSync(path).size <= 1000);
  t.true(statSync(`${path}.1`).size <= 1000);
  t.true(readFileSync(path, 'utf8').endsWith('line 99\n'));
});

test('a log that cannot be written loses its lines and throws nothing', (t) => {
  const directory = temporaryDirectory(t);
  t.notThrows(() => fileLog('/dev/full')('one'));
  t.notThrows(() => fileLog(join(directory, 'nosuch', 'log'))('one'));
  const path = join(directory, 'log');
  const log = fileLog(path);
  log('one');
  rmSync(path);
  mkdirSync(path);
  t.notThrows(() => log('two'));
});
