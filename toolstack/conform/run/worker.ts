import {Worker} from 'node:worker_threads';
import {attacks} from '../attacks/index.ts';
import {checks} from '../checks/index.ts';
import {Choices} from '../choices.ts';
import {loadIut} from '../iut/load.ts';
import type {Job, WorkerData, WorkerReport} from './job.ts';
import {abortRun, runCheck} from './run-check.ts';
import {MAX_PROCESS_BYTES} from './worker-process.ts';

/** Runs checks for the pool, one after another, in a process that may be ended at any time. */
const report = (message: WorkerReport, onSent: () => void = () => undefined): void =>
  void process.send?.(message, undefined, undefined, onSent);

const breakOff = (error: unknown): void => {
  const reason = error instanceof Error ? error.message : String(error);
  report({kind: 'broken', reason}, () => process.exit(1));
};

process.on('disconnect', () => process.exit());
// Tasks of the host run outside of any promise: what the implementation throws there comes here.
process.on('uncaughtException', (error) => {
  if (!abortRun(error)) breakOff(error);
});
process.on('unhandledRejection', (error) => void abortRun(error));

const run = async (iut: Awaited<ReturnType<typeof loadIut>>, job: Job): Promise<void> => {
  const {check: name, mutant: fault, seed, replay} = job;
  const check = [...checks, ...attacks].find((each) => each.name === name);
  if (check === undefined) throw new Error(`no check "${name}"`);
  const result = await runCheck(check, iut, {
    seed,
    mutant: check.mutants.find((each) => each.name === fault),
    replay: replay === undefined ? undefined : Choices.parse(replay),
    keepSteps: replay !== undefined,
    onRun: (runSeed) => report({kind: 'run', seed: runSeed}),
  });
  report({kind: 'result', result});
};

const start = async ({iut: source}: WorkerData): Promise<void> => {
  const limit = new Worker(new URL('memory-limit.js', import.meta.url), {workerData: MAX_PROCESS_BYTES});
  limit.unref();
  const iut = await loadIut(source);
  const {name, subjects, limitMs, isOutside} = iut;
  process.on('message', (job: Job) => void run(iut, job));
  report({kind: 'ready', terms: {name, subjects, limitMs, isOutside}});
};

start(JSON.parse(process.argv[2]) as WorkerData).catch(breakOff);
