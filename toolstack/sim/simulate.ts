import {virtualClock} from '../../hypervisor/schedule/index.ts';
import {createRig} from '../conform/rig.ts';
import {Finding} from './finding.ts';
import {Judge} from './judge.ts';
import type {SimMutant} from './mutants.ts';
import {type Plan, streamOf, streams} from './plan.ts';
import {World} from './world.ts';

/** Of a whole run: with more tasks the host goes round in circles, in which virtual time stands still. */
const MAX_TASKS = 2_000_000;

export interface SimOptions {
  readonly mutant?: SimMutant;
  /** Keeps the trace. */
  readonly traced?: boolean;
  /** Judges every step by the clauses, too. */
  readonly referee?: boolean;
}

export interface SimResult {
  /** "CHECKER: what is wrong"; undefined when nothing is. */
  readonly fault: string | undefined;
  readonly trace: readonly string[];
}

/** How to end what runs now. */
const running = new Set<(error: unknown) => void>();

/** To be called with what was thrown where nobody catches: tasks run outside of any promise. False when nothing runs. */
export const abortSimulation = (error: unknown): boolean => {
  for (const abort of running) abort(error);
  return running.size > 0;
};

const textOf = (error: unknown): string => {
  if (error instanceof Finding) return error.message;
  const hasStack = error instanceof Error && Error.stackTraceLimit > 0;
  return `thrown: ${hasStack ? (error.stack ?? error.message) : String(error)}`;
};

/** One run of a plan: the same plan, the same run, to the byte. */
export const simulate = async (
  plan: Plan,
  {mutant, traced = false, referee = false}: SimOptions = {},
): Promise<SimResult> => {
  const order = streamOf(plan.seed, streams.order);
  let abort: (error: unknown) => void = () => undefined;
  const lost = new Promise<never>((_resolve, reject) => (abort = reject));
  running.add(abort);
  let tasks = 0;
  const clock = virtualClock(plan.seed, (ready) => {
    if (++tasks === MAX_TASKS) abort(new Finding(`stuck: in circles, after ${MAX_TASKS} tasks`));
    return order.below(ready);
  });
  const storeLog: string[] = [];
  let judge: Judge | undefined;
  const rig = await createRig({
    clock,
    traced,
    dom0Pages: plan.profile.dom0Pages,
    storeLog: (line) => storeLog.push(line),
    onRequest: (request) => judge?.referee.onRequest(request),
  });
  if (referee) judge = new Judge(rig, plan);
  let fault: string | undefined;
  try {
    await Promise.race([new World(rig, plan, mutant).live(), lost]);
    if (storeLog.length > 0) fault = `store: ${storeLog[0]}`;
    fault ??= judge?.fault;
  } catch (error) {
    fault = textOf(error);
  } finally {
    running.delete(abort);
    rig.close();
  }
  return {fault, trace: rig.trace};
};
