import {spawn, spawnSync, type StdioOptions} from 'node:child_process';
import {fstatSync, readFileSync} from 'node:fs';

/** Status of flock(1) when somebody else has the lock; told apart from its own troubles. */
const HELD = 75;

/** The bytes that QEMU locks: one a permission that it has, and one a permission that it denies to others. */
const QEMU_FIRST_BYTE = 100;
const QEMU_LAST_BYTE = 263;
/** BLK_PERM_WRITE of those that it has: it writes. */
const QEMU_WRITES_BYTE = 101;

export interface LockOptions {
  readonly: boolean;
  /** Without waiting for the program, as virtual time needs. */
  atOnce: boolean;
}

/**
 * Takes flock(2) on an open file, shared to read and exclusive to write; it ends when the file is closed, or the process
 * is killed. Node has no such call: util-linux's flock takes it on the file that it inherits, which is ours. Without
 * that program, or on a file system that cannot, images are told apart within this process alone. False when another
 * process has the image.
 *
 * QEMU does not look at flock(2). Its own locks, of open file descriptions, are looked for in /proc/locks.
 */
export const lockFile = async (fd: number, {readonly, atOnce}: LockOptions): Promise<boolean> => {
  if (usedByQemu(fd, readonly)) return false;
  const how = readonly ? '--shared' : '--exclusive';
  const args = [how, '--nonblock', '--conflict-exit-code', String(HELD), '3'];
  const stdio: StdioOptions = ['ignore', 'ignore', 'ignore', fd];
  if (atOnce) return spawnSync('flock', args, {stdio}).status !== HELD;
  const status = await new Promise<number | null>((resolve) => {
    const child = spawn('flock', args, {stdio});
    child.once('error', () => resolve(null));
    child.once('exit', resolve);
  });
  return status !== HELD;
};

/** By inode alone: the device of a file on an overlay, or on btrfs, is another one in that list. */
const usedByQemu = (fd: number, readonly: boolean): boolean => {
  const {ino} = fstatSync(fd, {bigint: true});
  for (const line of readLocks().split('\n')) {
    const [, holder, first, last] = /OFDLCK .* [0-9a-f]+:[0-9a-f]+:(\d+) (\d+) (\d+|EOF)/.exec(line) ?? [];
    if (holder !== String(ino)) continue;
    const [from, to] = [Number(first), last === 'EOF' ? Infinity : Number(last)];
    const wanted = readonly ? [QEMU_WRITES_BYTE, QEMU_WRITES_BYTE] : [QEMU_FIRST_BYTE, QEMU_LAST_BYTE];
    if (from <= wanted[1] && to >= wanted[0]) return true;
  }
  return false;
};

const readLocks = (): string => {
  try {
    return readFileSync('/proc/locks', 'utf8');
  } catch {
    return '';
  }
};
