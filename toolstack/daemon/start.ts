import {type ChildProcess, spawn} from 'node:child_process';
import {closeSync, openSync, readFileSync, statSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {ToolstackError} from '../errors.ts';
import {connectTo, type DaemonClient} from './client.ts';
import {type HostHome, prepareHome} from './home.ts';
import {lockHolder} from './lock.ts';
import {EXIT_ALREADY_RUNNING} from './protocol.ts';

const START_MS_MAX = 60_000;
const POLL_MS = 10;
const TAIL_LINES = 8;

/** Connects to the daemon of a home, which is started when it does not run. `daemonArguments` are for a new one only. */
export const connectOrStart = async (home: HostHome, daemonArguments: readonly string[] = []): Promise<DaemonClient> =>
  (await connectTo(home)) ?? start(home, daemonArguments);

const start = async (home: HostHome, daemonArguments: readonly string[]): Promise<DaemonClient> => {
  prepareHome(home);
  const deadline = Date.now() + START_MS_MAX;
  const logged = statSync(home.daemonLog, {throwIfNoEntry: false})?.size ?? 0;
  let child = launch(home, daemonArguments);
  for (;;) {
    const client = await connectTo(home);
    if (client !== undefined) {
      child.unref();
      return client;
    }
    if (Date.now() > deadline) throw failure(home, logged, 'does not answer');
    if (child.exitCode === EXIT_ALREADY_RUNNING) {
      // Another one was faster, which will answer soon, or one on this home is about to end.
      if (lockHolder(home.lock) === undefined) child = launch(home, daemonArguments);
    } else if (child.exitCode !== null || child.signalCode !== null) {
      throw failure(home, logged, `ended at once (${child.signalCode ?? `exit ${child.exitCode}`})`);
    }
    await sleep(POLL_MS);
  }
};

/** A daemon of its own session, with our environment and nothing of our terminal. */
const launch = (home: HostHome, daemonArguments: readonly string[]): ChildProcess => {
  const main = fileURLToPath(new URL('./main.js', import.meta.url));
  const log = openSync(home.daemonLog, 'a', 0o600);
  try {
    return spawn(process.execPath, [main, ...daemonArguments], {
      cwd: home.dir,
      detached: true,
      // Disks that are slow hold up only as many others as there are threads for.
      env: {UV_THREADPOOL_SIZE: '16', ...process.env, PVSIM_HOME: home.dir},
      stdio: ['ignore', log, log],
    });
  } finally {
    closeSync(log);
  }
};

const failure = (home: HostHome, from: number, what: string): ToolstackError => {
  const lines = ['', ...tail(home.daemonLog, from)].join('\n  ');
  return new ToolstackError('ECHILD', `pvsim: the host in ${home.dir} ${what}; the end of ${home.daemonLog}:${lines}`);
};

const tail = (path: string, from: number): string[] => {
  try {
    return readFileSync(path).subarray(from).toString().trimEnd().split('\n').slice(-TAIL_LINES);
  } catch (error) {
    return [(error as Error).message];
  }
};
