import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {join} from 'node:path';

export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  /** Exit status, or the signal's name. */
  readonly status: number | string;
}

/** A compiled program of ours as a child process. */
export const launch = (program: string, args: readonly string[], env: NodeJS.ProcessEnv, cwd?: string): ChildProcess =>
  spawn(process.execPath, [join(process.cwd(), 'dist', program), ...args], {cwd, env: {...process.env, ...env}});

export const outcomeOf = async (child: ChildProcess): Promise<Outcome> => {
  const texts = {stdout: '', stderr: ''};
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => (texts[name] += text));
  }
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return {...texts, status: code ?? signal ?? -1};
};

/** Runs a program to its end with nothing to read. */
export const run = (
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  cwd?: string,
): Promise<Outcome> => {
  const child = launch(program, args, env, cwd);
  child.stdin?.end();
  return outcomeOf(child);
};

export const XL = 'toolstack/xl/main.js';
export const PVSIM = 'toolstack/pvsim/main.js';
