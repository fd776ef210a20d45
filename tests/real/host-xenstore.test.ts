import {execFile, spawn} from 'node:child_process';
import {createInterface} from 'node:readline';
import type {ExecutionContext} from 'ava';
import {realTest} from '../support/real.ts';
import {XlHost} from '../support/xl.ts';

/** Debian's xenstore-utils against the socket of a host that runs, found as `pvsim host env` says. */

interface Shell {
  readonly host: XlHost;
  readonly env: NodeJS.ProcessEnv;
  readonly run: (program: string, ...args: string[]) => Promise<string>;
}

const start = async (t: ExecutionContext): Promise<Shell> => {
  const host = XlHost.at(t);
  await host.create('hello', 'disk = ["format=raw,vdev=xvda,access=rw,target=ram:1M"]', 'vif = [""]');
  await host.waitForConsole('hello', /hello# $/);
  const {stdout} = await host.pvsim('host', 'env');
  const path = /^export XENSTORED_PATH=(\S+)$/m.exec(stdout)?.[1];
  const env = {...process.env, XENSTORED_PATH: path};
  const run = (program: string, ...args: string[]): Promise<string> =>
    new Promise((resolve, reject) => {
      execFile(program, args, {env}, (error, out) => (error === null ? resolve(out) : reject(error)));
    });
  return {host, env, run};
};

realTest('xenstore-ls', 'xenstore-ls -fp shows a running guest with its permissions', async (t) => {
  const {run} = await start(t);
  const listing = (await run('xenstore-ls', '-fp')).replaceAll(/ +\(/g, ' (');
  for (const line of [
    /^\/local\/domain\/0\/name = "Domain-0" \(n0\)$/m,
    /^\/local\/domain\/1\/name = "hello" \(n0,r1\)$/m,
    /^\/local\/domain\/1\/control\/shutdown = "" \(n1\)$/m,
    /^\/local\/domain\/1\/device\/vbd\/51712\/state = "4" \(n1,r0\)$/m,
    /^\/local\/domain\/1\/device\/vif\/0\/mac = "00:16:3e:[0-9a-f:]{8}" \(n1,r0\)$/m,
    /^\/local\/domain\/0\/backend\/vbd\/1\/51712\/state = "4" \(n0,r1\)$/m,
    /^\/local\/domain\/0\/backend\/vif\/1\/0\/bridge = "xenbr0" \(n0,r1\)$/m,
  ]) {
    t.regex(listing, line);
  }
});

realTest('xenstore-write', 'a guest sees what xenstore-write writes, and answers control/shutdown', async (t) => {
  const {host, env, run} = await start(t);
  await run('xenstore-write', '/local/domain/1/data/greeting', 'good morning');
  t.is(await run('xenstore-read', '/local/domain/1/data/greeting'), 'good morning\n');
  await run('xenstore-chmod', '/local/domain/1/data/greeting', 'n0', 'r1');
  await host.type('hello', 'xenstore-read data/greeting', /^good morning$/m);
  await host.type('hello', 'xenstore-write data/answer same-to-you', /hello# $/);
  t.is(await run('xenstore-read', '/local/domain/1/data/answer'), 'same-to-you\n');

  const watcher = spawn('xenstore-watch', ['/local/domain/1/control/shutdown', '@releaseDomain'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => watcher.kill());
  const lines: string[] = [];
  for await (const line of createInterface({input: watcher.stdout})) {
    lines.push(line);
    // Both first events have come: the watches are set.
    if (lines.length === 2) await run('xenstore-write', '/local/domain/1/control/shutdown', 'poweroff');
    if (lines.slice(2).includes('@releaseDomain')) break;
  }
  // Our request, and the guest's acknowledgement, then its end.
  t.deepEqual(lines.slice(0, 4), [
    '/local/domain/1/control/shutdown',
    '@releaseDomain',
    '/local/domain/1/control/shutdown',
    '/local/domain/1/control/shutdown',
  ]);
  await host.waitForConsole('hello', /reboot: Power down\n$/);
  await host.waitFor('end of the guest', async () => (await host.domains()).length === 1);
  await t.throwsAsync(run('xenstore-read', '/local/domain/1/name'), {message: /couldn't read path/});
});
