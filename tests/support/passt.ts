import {spawn} from 'node:child_process';
import {chmodSync, existsSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import type {ExecutionContext} from 'ava';
import {realEnv} from './real.ts';
import {temporaryDirectory} from './temporary.ts';

const POLL_MS = 20;

/** Where passt's guests find this machine's loopback, and the address that it gives the guest. */
export const PASST = {gateway: '10.0.0.1', guest: '10.0.0.5'};

/** Runs passt for one network, and returns its socket. It ends with the test. `forwards`: ports that lead to the guest. */
export const startPasst = async (
  t: ExecutionContext,
  forwards: readonly string[] = ['-t', 'none', '-u', 'none'],
): Promise<string> => {
  const directory = temporaryDirectory(t);
  // Started by root, it becomes nobody first.
  chmodSync(directory, 0o777);
  const socket = join(directory, 'passt.socket');
  const addresses = ['-4', '-a', PASST.guest, '-n', '24', '-g', PASST.gateway];
  const args = ['--foreground', '--quiet', '-s', socket, ...addresses, ...forwards];
  const child = spawn('passt', args, {env: realEnv, stdio: ['ignore', 'ignore', 'pipe']});
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  t.teardown(() => child.kill('SIGKILL'));
  while (!existsSync(socket)) {
    if (child.exitCode !== null) throw new Error(`passt: exit ${child.exitCode}\n${complaint}`);
    await sleep(POLL_MS);
  }
  return socket;
};
