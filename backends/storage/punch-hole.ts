import {spawn} from 'node:child_process';

/** Set once the program turned out not to be there; file systems that cannot are told apart by file. */
let missing = false;

/**
 * Takes a range out of a file and leaves a hole, by util-linux's fallocate: Node has no such call. Costs a process, so
 * it is for large ranges. False when that cannot be done here.
 */
export const punchHole = (fd: number, position: number, length: number): Promise<boolean> => {
  if (missing) return Promise.resolve(false);
  return new Promise((resolve) => {
    const range = ['--offset', String(position), '--length', String(length)];
    // By number: the file may have another name by now.
    const child = spawn('fallocate', ['--punch-hole', ...range, '/proc/self/fd/3'], {
      stdio: ['ignore', 'ignore', 'ignore', fd],
    });
    child.once('error', () => {
      missing = true;
      resolve(false);
    });
    child.once('exit', (status) => resolve(status === 0));
  });
};
