import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {acquireLock, type HostLock, waitReleased} from '../../toolstack/daemon/lock.ts';
import {temporaryDirectory} from '../support/temporary.ts';

const silent = (): Promise<boolean> => Promise.resolve(false);

const pathOf = (t: ExecutionContext): string => join(temporaryDirectory(t), 'host.lock');

/** Gets the lock, or the test fails. */
const take = async (t: ExecutionContext, path: string): Promise<HostLock> => {
  const taken = await acquireLock(path, silent);
  if (!('lock' in taken)) throw new Error(`held by ${taken.heldBy}`);
  t.is((JSON.parse(readFileSync(path, 'utf8')) as {pid: number}).pid, process.pid);
  return taken.lock;
};

test('the first gets it, the second learns who has it, and nothing else is left behind', async (t) => {
  const path = pathOf(t);
  const lock = await take(t, path);
  t.deepEqual(await acquireLock(path, silent), {heldBy: process.pid});
  t.deepEqual(readdirSync(dirname(path)), ['host.lock']);
  lock.release();
  t.false(existsSync(path));
  (await take(t, path)).release();
});

/** A process that has ended: its id, and what the lock of a live one says. */
const deadPid = async (): Promise<number> => {
  const child = spawn(process.execPath, ['-e', '0']);
  await once(child, 'exit');
  return child.pid as number;
};

test('the lock of a dead process is taken over', async (t) => {
  const path = pathOf(t);
  writeFileSync(path, JSON.stringify({pid: await deadPid()}));
  await take(t, path);
});

test('so is that of a process whose id another one has got since', async (t) => {
  const path = pathOf(t);
  writeFileSync(path, JSON.stringify({pid: process.pid, started: '1'}));
  if (existsSync('/proc/self/stat')) await take(t, path);
  else t.pass();
});

for (const text of ['', 'garbage', '{}', '{"pid":-1}', '{"pid":"x"}', 'null', '[]']) {
  test(`a lock file that holds ${JSON.stringify(text)} is taken over`, async (t) => {
    const path = pathOf(t);
    writeFileSync(path, text);
    await take(t, path);
  });
}

test('nothing is taken while somebody answers on the socket', async (t) => {
  const path = pathOf(t);
  const pid = await deadPid();
  writeFileSync(path, JSON.stringify({pid}));
  t.deepEqual(await acquireLock(path, () => Promise.resolve(true)), {heldBy: pid});
});

test('of many who find a dead lock at once one gets it', async (t) => {
  const path = pathOf(t);
  writeFileSync(path, JSON.stringify({pid: await deadPid()}));
  const script = `
    const {acquireLock} = await import(${JSON.stringify(join(process.cwd(), 'dist/toolstack/daemon/lock.js'))});
    const taken = await acquireLock(${JSON.stringify(path)}, async () => false);
    console.log('lock' in taken ? 'got' : 'not');
    process.stdin.on('data', () => {});
  `;
  const children = Array.from({length: 6}, () => spawn(process.execPath, ['--input-type=module', '-e', script]));
  const answers = await Promise.all(
    children.map(async (child) => {
      const [text] = (await once(child.stdout, 'data')) as [Buffer];
      return text.toString().trim();
    }),
  );
  t.deepEqual(answers.sort(), ['got', 'not', 'not', 'not', 'not', 'not']);
  for (const child of children) child.stdin.end();
  await waitReleased(path);
  t.deepEqual(readdirSync(dirname(path)), ['host.lock'], 'the lock of a process that ended without releasing it');
});

test('release leaves a lock alone that is not ours any more', async (t) => {
  const path = pathOf(t);
  const lock = await take(t, path);
  writeFileSync(path, 'of another');
  lock.release();
  t.is(readFileSync(path, 'utf8'), 'of another');
});
