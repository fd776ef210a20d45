import {parentPort, workerData} from 'node:worker_threads';
import {attacks} from '../attacks/index.ts';
import {checks} from '../checks/index.ts';
import {Choices} from '../choices.ts';
import {loadIut} from '../iut/load.ts';
import type {Job, WorkerData, WorkerReport} from './job.ts';
import {abortRun, runCheck} from './run-check.ts';

/** Runs checks for the pool, one after another, in a thread that may be ended at any time. */
const port = parentPort;
if (port === null) throw new Error('worker.ts runs in a thread');
const report = (message: WorkerReport): void => port.postMessage(message);

// Tasks of the host run outside of any promise: what the implementation throws there comes here.
process.on('uncaughtException', (error) => {
  if (!abortRun(error)) throw error;
});
process.on('unhandledRejection', (error) => void abortRun(error));

const iut = await loadIut((workerData as WorkerData).iut);

const run = async ({check: name, mutant: fault, seed, replay}: Job): Promise<void> => {
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

port.on('message', (job: Job) => void run(job));
report({kind: 'ready'});
