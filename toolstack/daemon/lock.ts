import {linkSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';

export interface HostLock {
  release(): void;
}

/** Who holds the lock: a process is known by its id and, where the system tells, by the time it started. */
interface Holder {
  readonly pid: number;
  readonly started: string | undefined;
}

/** Lost races against other starters until the lock counts as contended. */
const ATTEMPTS = 20;

/**
 * Takes the lock file, or tells the process id of who has it (undefined: unknown). A holder that was killed loses it.
 * @param isServing whether a daemon answers on this home's socket, whatever the lock file says
 */
export const acquireLock = async (
  path: string,
  isServing: () => Promise<boolean>,
): Promise<{lock: HostLock} | {heldBy: number | undefined}> => {
  const mine = describe({pid: process.pid, started: inspect(process.pid)?.started});
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, mine, {mode: 0o600});
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      // link() makes a complete file appear or fails: nobody ever reads half a lock.
      if (tryLink(draft, path)) return {lock: {release: () => release(path, mine)}};
      const found = read(path);
      if (found === undefined) continue;
      const holder = parse(found);
      if ((holder !== undefined && isAlive(holder)) || (await isServing())) return {heldBy: holder?.pid};
      evict(path, found);
    }
    return {heldBy: undefined};
  } finally {
    rmSync(draft, {force: true});
  }
};

/** Process id of who holds the lock and lives. */
export const lockHolder = (path: string): number | undefined => {
  const found = read(path);
  const holder = found === undefined ? undefined : parse(found);
  return holder !== undefined && isAlive(holder) ? holder.pid : undefined;
};

const describe = (holder: Holder): string => `${JSON.stringify(holder)}\n`;

const parse = (text: string): Holder | undefined => {
  try {
    const {pid, started} = JSON.parse(text) as Partial<Holder>;
    return Number.isSafeInteger(pid) && Number(pid) > 0 ? {pid: Number(pid), started} : undefined;
  } catch {
    return undefined;
  }
};

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

const tryLink = (from: string, to: string): boolean => {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
};

/** Moves a dead holder's lock away; if another starter was faster, what moved is its lock and goes back. */
const evict = (path: string, dead: string): void => {
  const aside = `${path}.${process.pid}.dead`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (read(aside) !== dead) tryLink(aside, path);
  rmSync(aside, {force: true});
};

const release = (path: string, mine: string): void => {
  if (read(path) === mine) rmSync(path, {force: true});
};

const isAlive = ({pid, started}: Holder): boolean => {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const now = inspect(pid);
  return now === undefined || (!now.dead && (started === undefined || started === now.started));
};

/** State and start time in clock ticks since boot, the 3rd and 22nd field; undefined without /proc. @see proc(5) */
const inspect = (pid: number): {dead: boolean; started: string} | undefined => {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The second field is a name in parentheses that may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {dead: fields[0] === 'Z' || fields[0] === 'X', started: fields[19]};
};

const POLL_MS = 10;

/** Resolves when nobody who lives holds the lock. */
export const waitReleased = async (path: string): Promise<void> => {
  while (lockHolder(path) !== undefined) await sleep(POLL_MS);
};
