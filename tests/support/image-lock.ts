import {rmSync, statSync, writeFileSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';

const STALE_MS = 300_000;
const POLL_MS = 100;

/** Runs `build` alone: test files are processes of their own, and those that keep an image share its directory. */
export const alone = async <T>(directory: string, build: () => Promise<T>): Promise<T> => {
  const lock = `${directory}.lock`;
  while (!take(lock)) await sleep(POLL_MS);
  try {
    return await build();
  } finally {
    rmSync(lock, {force: true});
  }
};

const take = (lock: string): boolean => {
  try {
    writeFileSync(lock, '', {flag: 'wx'});
    return true;
  } catch {
    const age = Date.now() - (statSync(lock, {throwIfNoEntry: false})?.mtimeMs ?? Date.now());
    if (age > STALE_MS) rmSync(lock, {force: true});
    return false;
  }
};
