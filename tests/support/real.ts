import {execFileSync} from 'node:child_process';
import test, {type ImplementationFn} from 'ava';

/** Set where the third-party programs must be there, as in CI: a missing one fails the test then. */
const required = process.env.PVSIM_REQUIRE_REAL === '1';

/** With the directories of the administrator's programs, which a user's PATH may not have. */
export const realEnv: NodeJS.ProcessEnv = {...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin`};

function isInstalled(program: string): boolean {
  try {
    execFileSync('sh', ['-c', 'command -v "$1"', 'sh', program], {stdio: 'ignore', env: realEnv});
    return true;
  } catch {
    return false;
  }
}

/**
 * A test against a program that nobody here wrote. Where it is not installed the test is skipped, its title saying why;
 * with PVSIM_REQUIRE_REAL=1 it fails instead.
 */
export function realTest(program: string, title: string, implementation: ImplementationFn<[]>): void {
  if (isInstalled(program)) test(title, implementation);
  else if (required) test(title, (t) => t.fail(`${program} is not installed, and PVSIM_REQUIRE_REAL=1 asks for it`));
  else test.skip(`${title} (${program} is not installed)`, implementation);
}
