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

/** Debian's Python: another one first in the PATH has not Debian's modules. */
export const PYTHON = '/usr/bin/python3';

function hasModule(name: string): boolean {
  try {
    execFileSync(PYTHON, ['-c', `import ${name}`], {stdio: 'ignore'});
    return true;
  } catch {
    return false;
  }
}

/** Why tests with a program cannot run, if so. */
export const missingProgram = (program: string): string | undefined =>
  isInstalled(program) ? undefined : `${program} is not installed`;

/**
 * A test against a program that nobody here wrote. Where it is not installed the test is skipped, its title saying why;
 * with PVSIM_REQUIRE_REAL=1 it fails instead.
 */
export function realTest(program: string, title: string, implementation: ImplementationFn<[]>): void {
  testWith(missingProgram(program), title, implementation);
}

/** As {@link realTest}, for a module of Debian's Python. */
export function pythonTest(module: string, title: string, implementation: ImplementationFn<[]>): void {
  testWith(hasModule(module) ? undefined : `python3-${module} is not installed`, title, implementation);
}

/** As {@link realTest}; `missing` says what is not there. */
export function testWith(missing: string | undefined, title: string, implementation: ImplementationFn<[]>): void {
  if (missing === undefined) test(title, implementation);
  else if (required) test(title, (t) => t.fail(`${missing}, and PVSIM_REQUIRE_REAL=1 asks for it`));
  else test.skip(`${title} (${missing})`, implementation);
}
