import {execFileSync, spawn} from 'node:child_process';
import {once} from 'node:events';
import {accessSync, constants, existsSync, readFileSync, writeFileSync} from 'node:fs';
import {connect} from 'node:net';
import {homedir} from 'node:os';
import {join} from 'node:path';

const PROGRAMS = 'usr/lib/xen-4.17/bin';
/** Stands in for Xen; compiled here, for the daemon is Debian's own. */
const SHIM = 'tests/real/xenstored/xenshim.c';

export interface RealXenstored {
  readonly socketPath: string;
  readonly pid: number;
  /** Resolves with the exit status or the signal when the daemon ends. */
  readonly ended: Promise<number | string>;
  stop(): Promise<void>;
}

export interface RealXenstoredOptions {
  /** Empty; what the shim and the daemon need goes there. */
  readonly directory: string;
  readonly flags?: readonly string[];
  /** How many times as fast as real time the daemon's clock runs. */
  readonly clockFactor?: number;
  /** A command to run the daemon under, such as taskset. */
  readonly under?: readonly string[];
}

/** Where a program of Debian's xen-utils-4.17 is: unpacked by tests/real/xenstored/install.sh, or installed. */
export const findXenProgram = (name: string): string | undefined => {
  const root = process.env.PVSIM_XEN_ROOT ?? join(homedir(), '.cache/pvsim/xen-4.17');
  return [root, '/'].map((each) => join(each, PROGRAMS, name)).find(isExecutable);
};

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

const COMPILE = ['-O2', '-shared', '-fPIC'];

/** Why the real daemon cannot be run here, if it cannot. */
export const realXenstoredMissing = (): string | undefined => {
  if (findXenProgram('xenstored') === undefined)
    return 'Debian package xen-utils-4.17 is not unpacked (tests/real/xenstored/install.sh)';
  if (!existsSync(SHIM)) return `${SHIM} is not in the working directory`;
  const include = '#include <xenctrl.h>\n#include <xenevtchn.h>\n#include <xengnttab.h>\n';
  try {
    execFileSync('gcc', ['-x', 'c', '-fsyntax-only', '-'], {input: include, stdio: ['pipe', 'ignore', 'ignore']});
    return undefined;
  } catch {
    return 'gcc with the headers of libxen-dev is not installed';
  }
};

/** Starts Debian's unmodified C xenstored without Xen. @see tests/real/xenstored/xenshim.c for the files in `directory` */
export const startRealXenstored = async (options: RealXenstoredOptions): Promise<RealXenstored> => {
  const {directory, flags = [], clockFactor, under = []} = options;
  const inDirectory = (name: string): string => join(directory, name);
  const shim = inDirectory('xenshim.so');
  if (!existsSync(shim)) execFileSync('gcc', [...COMPILE, '-o', shim, SHIM, '-ldl'], {stdio: 'inherit'});
  execFileSync('mkfifo', [inDirectory('kicks'), inDirectory('notify')]);
  writeFileSync(inDirectory('xsd_kva'), new Uint8Array(4096));
  writeFileSync(inDirectory('xsd_port'), '2');
  const socketPath = inDirectory('socket');
  const env = {
    ...process.env,
    LD_PRELOAD: shim,
    XENSHIM_DIR: directory,
    XENSTORED_RUNDIR: directory,
    XENSTORED_PATH: socketPath,
    ...(clockFactor === undefined ? {} : {XENSHIM_CLOCK: String(clockFactor)}),
  };
  const [program, ...args] = [
    ...under,
    findXenProgram('xenstored')!,
    '--no-fork',
    '--pid-file',
    inDirectory('pid'),
    ...flags,
  ];
  const daemon = spawn(program, args, {env, stdio: 'ignore'});
  const ended = once(daemon, 'exit').then(([code, signal]) => (code ?? signal) as number | string);
  await ready(socketPath, ended);
  const stop = async (): Promise<void> => {
    daemon.kill();
    await ended;
  };
  return {socketPath, pid: Number(readFileSync(inDirectory('pid'), 'utf8')), ended, stop};
};

const PATIENCE_MS = 10_000;

/** The daemon listens. */
const ready = async (socketPath: string, ended: Promise<unknown>): Promise<void> => {
  const end = ended.then(() => 'ended' as const);
  for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += 2) {
    if (await isServed(socketPath)) return;
    const pause = new Promise<void>((resolve) => setTimeout(resolve, 2));
    if ((await Promise.race([end, pause])) === 'ended') break;
  }
  throw new Error('the real xenstored did not start');
};

/** Somebody listens on the socket. */
export const isServed = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
