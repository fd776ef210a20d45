import {execFileSync, spawn} from 'node:child_process';
import {once} from 'node:events';
import {join} from 'node:path';
import {writeFileSync} from 'node:fs';
import test, {type ExecutionContext} from 'ava';
import {ImageLocks} from '../../backends/storage/index.ts';
import {realClock} from '../../hypervisor/schedule/index.ts';
import {pattern, tempDir} from '../support/block.ts';
import {makeQcow2} from '../support/image-makers.ts';
import {openImage, refusal} from '../support/storage.ts';

const module = new URL('../support/storage.js', import.meta.url).href;

/** Another process that has an image open until it is killed. */
const holder = async (t: ExecutionContext, path: string, readonly: boolean): Promise<() => Promise<void>> => {
  const code = `
    const {openImage} = await import('${module}');
    await openImage(${JSON.stringify(path)}, {readonly: ${readonly}, locks: undefined});
    console.log('open');
    setInterval(() => {}, 1e6);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {stdio: ['ignore', 'pipe', 'inherit']});
  t.teardown(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
};

const acrossProcesses = (): ImageLocks => new ImageLocks({acrossProcesses: true});

test('an image that another process writes is in use; its death ends that', async (t) => {
  const path = join(tempDir(t), 'disk.img');
  writeFileSync(path, pattern(4096));
  const kill = await holder(t, path, false);
  t.regex(await refusal(path, {locks: acrossProcesses()}), /^busy: .*in use by another disk/);
  t.regex(await refusal(path, {locks: acrossProcesses(), readonly: true}), /^busy: /);
  const clock = realClock({seed: 1});
  t.regex(await refusal(path, {locks: acrossProcesses(), clock}), /^busy: /, 'without holding up the host');
  clock.close();
  await kill();
  t.is(await refusal(path, {locks: acrossProcesses()}), 'opened');
});

test('an image that another process reads can be read, and not written', async (t) => {
  const path = join(tempDir(t), 'disk.img');
  writeFileSync(path, pattern(4096));
  await holder(t, path, true);
  t.is(await refusal(path, {locks: acrossProcesses(), readonly: true}), 'opened');
  t.regex(await refusal(path, {locks: acrossProcesses()}), /^busy: /);
});

test('two disks on one base; the base cannot be written meanwhile', async (t) => {
  const dir = tempDir(t);
  const base = join(dir, 'base.img');
  writeFileSync(base, pattern(65536));
  const locks = new ImageLocks();
  for (const name of ['a.qcow2', 'b.qcow2']) {
    makeQcow2(join(dir, name), 65536, {backing: {file: 'base.img', format: 'raw'}});
  }
  const a = await openImage(`qcow2:${join(dir, 'a.qcow2')}`, {locks});
  const b = await openImage(`qcow2:${join(dir, 'b.qcow2')}`, {locks});
  t.regex(await refusal(base, {locks}), /^busy: /);
  t.regex(await refusal(`qcow2:${join(dir, 'a.qcow2')}`, {locks}), /^busy: /);
  a.close();
  b.close();
  t.is(await refusal(base, {locks}), 'opened');
});

test('an image that is being closed is waited for', async (t) => {
  const path = join(tempDir(t), 'disk.qcow2');
  makeQcow2(path, 65536);
  const locks = new ImageLocks();
  const first = await openImage(`qcow2:${path}`, {locks});
  first.close();
  t.is(await refusal(`qcow2:${path}`, {locks}), 'opened');
});

test('the program that takes the locks is there', (t) => {
  t.regex(execFileSync('flock', ['--version'], {encoding: 'utf8'}), /util-linux/);
});
