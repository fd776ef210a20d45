import {lstatSync, mkdirSync, statSync} from 'node:fs';
import {tmpdir, userInfo} from 'node:os';
import {join, resolve} from 'node:path';
import {ToolstackError} from '../errors.ts';

/** Files of one host. */
export interface HostHome {
  readonly dir: string;
  /** Where xl reaches the daemon. */
  readonly socket: string;
  /** Where xenstore clients reach xenstored. */
  readonly xenstoreSocket: string;
  readonly lock: string;
  /** Settings of xl. */
  readonly conf: string;
  readonly logDir: string;
  readonly daemonLog: string;
}

/** Longest sun_path without its final NUL. @see unix(7) */
const SOCKET_PATH_MAX = process.platform === 'darwin' ? 103 : 107;

/** Write access for the group or others: they could put a socket of theirs in our place. */
const WRITABLE_BY_OTHERS = 0o022;

export const homeAt = (directory: string): HostHome => {
  const dir = resolve(directory);
  const logDir = join(dir, 'log');
  return {
    dir,
    socket: join(dir, 'host.sock'),
    xenstoreSocket: join(dir, 'xenstored.sock'),
    lock: join(dir, 'host.lock'),
    conf: join(dir, 'xl.conf'),
    logDir,
    daemonLog: join(logDir, 'daemon.log'),
  };
};

/** The host that this environment means: PVSIM_HOME, else a directory of the user's own for as long as the machine is up. */
export const findHome = (env: NodeJS.ProcessEnv = process.env): HostHome => {
  const home = homeAt(env.PVSIM_HOME || defaultDirectory(env));
  for (const path of [home.socket, home.xenstoreSocket]) checkSocketPath(home, path);
  return home;
};

const defaultDirectory = ({XDG_RUNTIME_DIR: runtime}: NodeJS.ProcessEnv): string =>
  runtime && isOwnDirectory(runtime)
    ? join(runtime, 'pvsim')
    : join(tmpdir(), `pvsim-${process.getuid?.() ?? userInfo().username}`);

const isOwnDirectory = (path: string): boolean => {
  const stats = statSync(path, {throwIfNoEntry: false});
  return stats?.isDirectory() === true && isMine(stats.uid);
};

const isMine = (uid: number): boolean => {
  const mine = process.getuid?.();
  return mine === undefined || mine === 0 || mine === uid;
};

const checkSocketPath = (home: HostHome, path: string): void => {
  const length = Buffer.byteLength(path);
  if (length <= SOCKET_PATH_MAX) return;
  throw new ToolstackError(
    'ENAMETOOLONG',
    `pvsim: PVSIM_HOME "${home.dir}" is too long: the path of its socket ${path.slice(home.dir.length + 1)} ` +
      `would have ${length} bytes, and a Unix socket's may have ${SOCKET_PATH_MAX}`,
  );
};

/** Makes the directories, mode 0700, and refuses those in which somebody else could put files. */
export const prepareHome = (home: HostHome): void => {
  try {
    mkdirSync(home.dir, {recursive: true, mode: 0o700});
    checkOwner(home.dir);
    mkdirSync(home.logDir, {recursive: true, mode: 0o700});
  } catch (error) {
    if (error instanceof ToolstackError) throw error;
    throw new ToolstackError('EACCES', `pvsim: cannot use ${home.dir}: ${(error as Error).message}`);
  }
};

const checkOwner = (dir: string): void => {
  const {uid, mode} = statSync(dir);
  // Of a symbolic link, who made it matters too.
  const stranger = [lstatSync(dir).uid, uid].find((owner) => !isMine(owner));
  const fault =
    stranger !== undefined
      ? `it belongs to user ${stranger}`
      : (mode & WRITABLE_BY_OTHERS) !== 0 && `others may write to it (mode ${(mode & 0o777).toString(8)})`;
  if (fault)
    throw new ToolstackError('EACCES', `pvsim: will not use ${dir}: ${fault}; set PVSIM_HOME to another place`);
};
