import {spawn} from 'node:child_process';
import {createHash, randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import {debianGuest} from '../support/debian.ts';
import {linuxConfig} from '../support/linux-config.ts';
import {PASST, startPasst} from '../support/passt.ts';
import {missingProgram, PYTHON, realEnv, testWith} from '../support/real.ts';
import {temporaryDirectory} from '../support/temporary.ts';
import {XlHost} from '../support/xl.ts';

const FILE_BYTES = 64 * 2 ** 20;

const guest = await debianGuest();
const missing = 'missing' in guest ? guest.missing : missingProgram('passt');

/** Serves a directory on a port of loopback. */
const serveFiles = async (t: ExecutionContext, directory: string): Promise<string> => {
  const server = spawn(PYTHON, ['-u', '-m', 'http.server', '--bind', '127.0.0.1', '0'], {
    cwd: directory,
    env: realEnv,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.teardown(() => server.kill('SIGKILL'));
  const [announced] = (await once(server.stdout, 'data')) as [Buffer];
  const [, port] = /port (\d+)/.exec(announced.toString()) ?? [];
  return port;
};

testWith(missing, 'through passt a Linux guest fetches 64 MiB from a web server on loopback', async (t) => {
  if ('missing' in guest) throw new Error(guest.missing);
  const directory = temporaryDirectory(t);
  const bytes = randomBytes(FILE_BYTES);
  writeFileSync(join(directory, 'file'), bytes);
  const port = await serveFiles(t, directory);
  const host = XlHost.at(t);
  const {status, stderr} = await host.pvsim('host', 'start', '--uplink', `xenbr0=stream:${await startPasst(t)}`);
  t.is(status, 0, stderr);
  const config = linuxConfig(guest.image, 'linux', PASST.guest);
  host.write('linux.cfg', [...config, 'vif = ["bridge=xenbr0"]', ''].join('\n'));
  await host.ok('create', 'linux.cfg');
  await host.waitForConsole('linux', /^linux:.*# /m);
  const fetch = `wget -q -O - http://${PASST.gateway}:${port}/file | md5sum`;
  const [sum] = await host.type('linux', fetch, /^[0-9a-f]{32}/m);
  t.is(sum, createHash('md5').update(bytes).digest('hex'));
});
