import {execFile, spawn} from 'node:child_process';
import {mkdtempSync, rmSync, statSync} from 'node:fs';
import {createInterface} from 'node:readline';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import {SyncXs, Xenstored} from '../../hypervisor/xenstore/index.ts';
import {listenOnSocket} from '../../hypervisor/xenstore/socket.ts';
import {realTest} from '../support/real.ts';

/** Debian's xenstore-utils (libxenstore 4) against our socket. */

interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

interface Served {
  readonly xs: SyncXs;
  readonly path: string;
  /** Runs one of the tools. */
  readonly run: (program: string, ...args: string[]) => Promise<Outcome>;
}

async function serve(t: ExecutionContext): Promise<Served> {
  const directory = mkdtempSync(join(tmpdir(), 'pvsim-xenstore-'));
  const path = join(directory, 'socket');
  const store = new Xenstored();
  const socket = await listenOnSocket(store, path);
  t.teardown(async () => {
    await socket.close();
    rmSync(directory, {recursive: true});
  });
  const run = (program: string, ...args: string[]): Promise<Outcome> =>
    new Promise((resolve) => {
      execFile(program, args, {env: environment(path)}, (error, stdout, stderr) =>
        resolve({stdout, stderr, code: typeof error?.code === 'number' ? error.code : 0}),
      );
    });
  return {xs: new SyncXs(store.connectInProcess()), path, run};
}

const environment = (path: string): NodeJS.ProcessEnv => ({...process.env, XENSTORED_PATH: path});

realTest('xenstore-write', 'the socket is for its owner alone', async (t) => {
  const {path} = await serve(t);
  t.is(statSync(path).mode & 0o777, 0o600);
});

realTest('xenstore-ls', 'xenstore-ls -fp prints the tree with permissions', async (t) => {
  const {xs, run} = await serve(t);
  xs.apply([
    {path: '/local/domain/1', perms: ['n0', 'r1']},
    {path: '/local/domain/1/name', value: 'guest'},
    {path: '/local/domain/1/data', value: 'a\n"b"', perms: ['b1']},
  ]);
  const {stdout, code} = await run('xenstore-ls', '-fp');
  t.is(code, 0);
  t.deepEqual(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.replaceAll(/ +/g, ' ')),
    [
      '/tool = "" (n0)',
      '/tool/xenstored = "" (n0)',
      '/local = "" (n0)',
      '/local/domain = "" (n0)',
      '/local/domain/1 = "" (n0,r1)',
      '/local/domain/1/name = "guest" (n0,r1)',
      String.raw`/local/domain/1/data = "a\n"b"" (b1)`,
    ],
  );
  const subtree = await run('xenstore-ls', '/local/domain/1');
  t.is(subtree.stdout, String.raw`name = "guest"` + '\n' + String.raw`data = "a\n"b""` + '\n');
});

realTest('xenstore-read', 'read, write, list, exists, rm, chmod, with their exit codes', async (t) => {
  const {xs, run} = await serve(t);
  t.is((await run('xenstore-write', '/a/b', 'one', '/a/c', 'two')).code, 0);
  t.is(xs.read('/a/b'), 'one');
  t.is((await run('xenstore-read', '/a/b', '/a/c')).stdout, 'one\ntwo\n');
  t.is((await run('xenstore-read', '-p', '/a/b')).stdout, '/a/b: one\n');
  t.is((await run('xenstore-list', '/a')).stdout, 'b\nc\n');
  t.is((await run('xenstore-exists', '/a/b')).code, 0);
  t.is((await run('xenstore-exists', '/a/x')).code, 1);
  const missing = await run('xenstore-read', '/a/x');
  t.is(missing.code, 1);
  t.is(missing.stderr, "xenstore-read: couldn't read path /a/x\n");
  t.is((await run('xenstore-chmod', '-r', '/a', 'n0', 'r5')).code, 0);
  t.deepEqual(xs.getPerms('/a/c'), ['n0', 'r5']);
  t.is((await run('xenstore-rm', '-t', '/a/b')).code, 0);
  t.is((await run('xenstore-rm', '/a')).code, 0);
  t.is((await run('xenstore-list', '/a')).code, 1);
});

realTest('xenstore-ls', 'a directory of 3000 children, over DIRECTORY_PART', async (t) => {
  const {xs, run} = await serve(t);
  const names = Array.from({length: 3000}, (_, i) => `child-${i}`);
  for (const name of names) xs.mkdir(`/big/${name}`);
  const {stdout} = await run('xenstore-list', '/big');
  t.deepEqual(stdout.trimEnd().split('\n'), names);
});

realTest('xenstore-watch', 'xenstore-watch prints the first event and each change', async (t) => {
  const {xs, path} = await serve(t);
  const watcher = spawn('xenstore-watch', ['-n', '4', '/w', '@introduceDomain'], {
    env: environment(path),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  for await (const line of createInterface({input: watcher.stdout})) {
    lines.push(line);
    // Both first events have come: the watches are set.
    if (lines.length === 2) xs.transaction((inside) => inside.apply([{path: '/w/x/y', value: '1'}, {path: '/w/z'}]));
  }
  t.deepEqual(lines, ['/w', '@introduceDomain', '/w/x/y', '/w/z']);
});
