import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {launch, outcomeOf, PVSIM} from '../support/run.ts';
import {Daemon} from '../support/xenstored.ts';

type Step = readonly [args: string, stdout: string, status?: number, stderr?: string];

async function play(t: ExecutionContext, steps: readonly Step[]): Promise<Daemon> {
  const daemon = new Daemon(t);
  await daemon.start();
  for (const [args, stdout, status = 0, stderr = ''] of steps) {
    t.deepEqual(await daemon.pvsim(...args.split(' ')), {stdout, stderr, status}, args);
  }
  return daemon;
}

test('nodes: write, read, list, exists, rm', async (t) => {
  await play(t, [
    [String.raw`write /a/b one /a/c two\n\x41`, ''],
    ['read /a/b /a/c', 'one\n' + String.raw`two\nA` + '\n'],
    ['read -p /a/b', '/a/b: one\n'],
    ['read --raw /a/c', 'two\nA'],
    ['read /a/x', '', 1, "pvsim: couldn't read path /a/x\n"],
    ['list /a', 'b\nc\n'],
    ['list -p /a', '/a/b\n/a/c\n'],
    ['exists /a/b /a/c', ''],
    ['exists /a/b /a/x', '', 1],
    ['write /a', '', 2, 'pvsim: a value is missing\n'],
    ['write /a//b v', '', 1, 'pvsim: /a//b: EINVAL\n'],
    ['rm --tidy /a/b', ''],
    ['exists /a', ''],
    ['rm --tidy /a/c', ''],
    ['exists /a', '', 1],
    ['rm /a/c', '', 1, 'pvsim: /a/c: ENOENT\n'],
  ]);
});

test('trees: ls, chmod, snapshot, diff', async (t) => {
  const daemon = await play(t, [
    ['write /d/e/f 1 /d/g 2', ''],
    ['ls', 'tool = ""\n xenstored = ""\nd = ""\n e = ""\n  f = "1"\n g = "2"\n'],
    ['ls -f /d', '/d/e = ""\n/d/e/f = "1"\n/d/g = "2"\n'],
    ['chmod -u -r /d/e n0 r5', ''],
    ['snapshot /d', '/d = "" (n0,r5)\n/d/e = "" (n0,r5)\n/d/e/f = "1" (n0,r5)\n/d/g = "2" (n0)\n'],
    ['ls /nothing', '', 1, 'pvsim: there is no node /nothing\n'],
  ]);
  const before = join(daemon.directory, 'before');
  writeFileSync(before, (await daemon.pvsim('snapshot', '/d')).stdout);
  t.deepEqual(await daemon.pvsim('diff', before), {stdout: '', stderr: '', status: 0});
  await daemon.pvsim('write', '/d/g', '3', '/d/h', '4');
  await daemon.pvsim('rm', '/d/e/f');
  const expected = '- /d/e/f = "1" (n0,r5)\n- /d/g = "2" (n0)\n+ /d/g = "3" (n0)\n+ /d/h = "4" (n0,r5)\n';
  t.deepEqual(await daemon.pvsim('diff', before), {stdout: expected, stderr: '', status: 1});
  const after = join(daemon.directory, 'after');
  writeFileSync(after, (await daemon.pvsim('snapshot', '/d')).stdout);
  t.deepEqual(await daemon.pvsim('diff', before, after), {stdout: expected, stderr: '', status: 1});
});

test('watch prints each event, and in colour what is there now', async (t) => {
  const daemon = await play(t, []);
  const xs = await daemon.connect();
  const watcher = launch(PVSIM, ['xenstore', 'watch', '-n', '4', '--color', '/w'], {XENSTORED_PATH: daemon.socket});
  const outcome = outcomeOf(watcher);
  let lines = 0;
  watcher.stdout?.on('data', async (chunk: string) => {
    lines += chunk.split('\n').length - 1;
    if (lines === 1) await xs.write('/w/x', 'a\n');
    if (lines === 2) await xs.rm('/w/x');
    if (lines === 3) await xs.setPerms('/w', ['n0', 'r1']);
  });
  const {stdout, status} = await outcome;
  t.is(status, 0);
  // oxlint-disable-next-line no-control-regex
  t.deepEqual(stdout.replaceAll(/\u001B\[\d+m/g, '').split('\n'), [
    '/w (gone)',
    String.raw`/w/x = "a\n" (n0)`,
    '/w/x (gone)',
    '/w = "" (n0,r1)',
    '',
  ]);
  t.true(stdout.includes('\u001B[31m/w\u001B[0m'));
});

test('no store at the socket', async (t) => {
  const daemon = new Daemon(t);
  const {stderr, status} = await daemon.pvsim('ls');
  t.is(stderr, `pvsim: no xenstored at ${daemon.socket} (ENOENT)\n`);
  t.is(status, 1);
});
