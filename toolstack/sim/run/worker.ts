import {parentPort, workerData} from 'node:worker_threads';
import {cutPlan} from '../cuts.ts';
import {simMutants} from '../mutants.ts';
import {drawPlan} from '../plan.ts';
import {abortSimulation, simulate} from '../simulate.ts';
import type {Job, Verdict, WorkerData} from './job.ts';

/** Runs seeds for the pool, in a thread that may be ended at any time. */
const port = parentPort;
if (port === null) throw new Error('worker.ts runs in a thread');

// Tasks of the host run outside of any promise: what is thrown there comes here.
process.on('uncaughtException', (error) => {
  if (!abortSimulation(error)) throw error;
});
process.on('unhandledRejection', (error) => void abortSimulation(error));

const {mutant, referee, ...options} = workerData as WorkerData;
const stackFrames = Error.stackTraceLimit;

const run = async ({first, last, cuts = [], traced = false}: Job): Promise<void> => {
  // A refusal of the store is an Error: stacks that nobody reads are a tenth of a run.
  Error.stackTraceLimit = traced ? stackFrames : 0;
  for (let seed = first; seed <= last; seed++) {
    const plan = cutPlan(drawPlan(seed, options), cuts);
    const {fault, trace} = await simulate(plan, {
      traced,
      referee,
      mutant: mutant === undefined ? undefined : simMutants[mutant],
    });
    port.postMessage({seed, fault, trace} satisfies Verdict);
  }
};

port.on('message', (job: Job) => void run(job));
