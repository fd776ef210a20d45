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

/** ava starts all tests of a file at once: so many of them may have a process at a time. */
let slots = 4;
const waiting: (() => void)[] = [];

const withSlot = async <T>(work: () => Promise<T>): Promise<T> => {
  if (slots > 0) slots--;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next === undefined) slots++;
    else next();
  }
};

/** Runs a program to its end with nothing to read. */
export const run = (program: string, args: readonly string[], env: NodeJS.ProcessEnv, cwd?: string): Promise<Outcome> =>
  withSlot(() => {
    const child = launch(program, args, env, cwd);
    child.stdin?.end();
    return outcomeOf(child);
  });

export const XL = 'toolstack/xl/main.js';
export const PVSIM = 'toolstack/pvsim/main.js';
