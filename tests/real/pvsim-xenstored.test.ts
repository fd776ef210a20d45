import {execFile} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import {findXenProgram} from '../../toolstack/performance/real-xenstored.ts';
import {Daemon} from '../support/xenstored.ts';
import {pythonTest, realEnv, realTest, testWith} from '../support/real.ts';

/** Debian's xenstore-utils and python3-pyxs against `pvsim xenstored`. */

async function started(t: ExecutionContext): Promise<Daemon> {
  const daemon = new Daemon(t);
  await daemon.start();
  return daemon;
}

const output = (daemon: Daemon, program: string, ...args: string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    const env = {...realEnv, XENSTORED_PATH: daemon.socket};
    execFile(program, args, {env, encoding: 'latin1'}, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${program} ${args.join(' ')}: ${stderr}`));
    });
  });

realTest('xenstore-ls', 'pvsim xenstore prints what the xenstore tools print', async (t) => {
  const daemon = await started(t);
  await output(daemon, 'xenstore-write', '/a/b', 'one', '/a/b/c', String.raw`\x01\xff\n"\\"`, '/a/d', 'x'.repeat(300));
  await output(daemon, 'xenstore-chmod', '/a/b', 'n0', 'r3', 'b12');
  for (const args of [['ls'], ['ls', '-p'], ['ls', '-f'], ['ls', '-f', '-p'], ['ls', '-p', '/a']]) {
    const [command, ...options] = args;
    const real = await output(daemon, `xenstore-${command}`, ...options);
    t.is((await daemon.pvsim(...args)).stdout, real, args.join(' '));
  }
  for (const path of ['/a/b', '/a/b/c', '/a/d']) {
    t.is((await daemon.pvsim('read', path)).stdout, await output(daemon, 'xenstore-read', path));
  }
});

realTest('xenstore-ls', 'xenstore-utils write, list, read and remove', async (t) => {
  const daemon = await started(t);
  await output(daemon, 'xenstore-write', '/x/y', '1', '/x/z', '2');
  t.is(await output(daemon, 'xenstore-list', '/x'), 'y\nz\n');
  await output(daemon, 'xenstore-rm', '/x/y');
  t.is(await output(daemon, 'xenstore-list', '/x'), 'z\n');
  t.is(await output(daemon, 'xenstore-read', '/x/z'), '2\n');
});

realTest('xenstore', 'xenstore, the tools in one, and chmod up and down the tree', async (t) => {
  const daemon = await started(t);
  await output(daemon, 'xenstore', 'write', '/x/y/z', '1');
  await output(daemon, 'xenstore-chmod', '-u', '-r', '/x/y', 'n0', 'r4');
  const xs = await daemon.connect();
  for (const path of ['/x', '/x/y', '/x/y/z']) t.deepEqual(await xs.getPerms(path), ['n0', 'r4'], path);
  t.is(await output(daemon, 'xenstore', 'ls', '-p'), await output(daemon, 'xenstore-ls', '-p'));
  await output(daemon, 'xenstore-exists', '/x/y');
  await t.throwsAsync(output(daemon, 'xenstore-exists', '/y'));
  await output(daemon, 'xenstore', 'rm', '/x');
  t.is((await daemon.pvsim('ls')).stdout, 'tool = ""\n xenstored = ""\n');
});

const unpackedTest = (
  program: string,
  title: string,
  body: (t: ExecutionContext, path: string) => Promise<void>,
): void => {
  const path = findXenProgram(program);
  const missing = path === undefined ? 'xen-utils-4.17 is not unpacked (tests/real/xenstored/install.sh)' : undefined;
  testWith(missing, title, (t) => body(t, path!));
};

unpackedTest('xenstore-control', 'xenstore-control: each command', async (t, control) => {
  const daemon = await started(t);
  const run = (...args: string[]): Promise<string> => output(daemon, control, ...args);
  const [log, report] = ['log', 'report'].map((name) => join(daemon.directory, name));
  for (const args of [['check'], ['logfile', log], ['print', 'something'], ['log', 'off'], ['print', 'nothing']]) {
    t.is(await run(...args), 'OK\n', args.join(' '));
  }
  t.is(await run('memreport', report), 'OK\n');
  t.is(await run('quota', 'set', 'nodes', '900'), 'OK\n');
  t.regex(await run('quota'), /^Quota settings:\nnodes +: +900 /);
  t.regex(await run('quota', '0'), /^Domain 0:\nnodes +: +3\n/);
  t.regex(await run('quota-soft'), /^memory +: +2097152 /m);
  t.regex(await run('help'), /^logfile\t<file>$/m);
  t.is(readFileSync(log, 'utf8'), 'control: something\n');
  t.is(readFileSync(report, 'utf8'), 'memreport: 3 nodes with 13 bytes of names and values\n');
  await t.throwsAsync(run('live-update', control), {message: /Invalid argument/});
});

unpackedTest(
  'test-xenstore',
  "Xen's own test of a store, two seconds of its random operations, too",
  async (t, program) => {
    const daemon = await started(t);
    t.regex(await output(daemon, program, '-i', '20'), /^ta err +: avg: \d+ ns/m);
    await output(daemon, program, '-r', '2');
    const faults = await daemon.pvsim('ls');
    t.is(faults.stdout.split('\n')[0], 'tool = ""');
  },
);

const PYXS = `
import sys
from pyxs import Client, Monitor
with Client(unix_socket_path=sys.argv[1]) as c:
    c.write(b'/py/a', b'1')
    c.mkdir(b'/py/b')
    print(c.read(b'/py/a'), sorted(c.list(b'/py')), c.exists(b'/py/c'))
    c.set_perms(b'/py/a', [b'n0', b'r4'])
    print(c.get_perms(b'/py/a'), c.get_domain_path(4))
    c.transaction()
    c.write(b'/py/a', b'2')
    c.rollback()
    print(c.read(b'/py/a'))
    c.transaction()
    c.write(b'/py/a', b'3')
    c.commit()
    print(c.read(b'/py/a'))
    m = c.monitor()
    m.watch(b'/py', b'token')
    print(next(m.wait()))
    with Client(unix_socket_path=sys.argv[1]) as d:
        d.write(b'/py/b/deep', b'x')
    print(next(m.wait()))
    m.unwatch(b'/py', b'token')
    c.introduce_domain(9, 1, 1)
    print(c.is_domain_introduced(9))
    c.delete(b'/py')
    try:
        c.read(b'/py/a')
    except Exception as e:
        print(e.args[0])
`;

pythonTest('pyxs', 'python3-pyxs reads, writes, commits, watches', async (t) => {
  const daemon = await started(t);
  const text = await output(daemon, '/usr/bin/python3', '-c', PYXS, daemon.socket);
  t.deepEqual(text.trimEnd().split('\n'), [
    "b'1' [b'a', b'b'] False",
    "[b'n0', b'r4'] b'/local/domain/4'",
    "b'1'",
    "b'3'",
    "Event(path=b'/py', token=b'token')",
    "Event(path=b'/py/b/deep', token=b'token')",
    'True',
    // ENOENT
    '2',
  ]);
});
