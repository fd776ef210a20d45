import {type Cut, cutPlan, partsOf} from './cuts.ts';
import type {Plan} from './plan.ts';

const MAX_RUNS = 200;

/** Runs a plan with cuts: "CHECKER: what is wrong", or undefined. */
export type Trial = (cuts: readonly Cut[]) => Promise<string | undefined>;

export interface Shrunk {
  readonly cuts: readonly Cut[];
  readonly fault: string;
  readonly runs: number;
}

const checkerOf = (fault: string): string => fault.slice(0, fault.indexOf(':'));

/**
 * Leaves out what can be left out while the same checker still complains: guests, disturbances, faults, workloads, calls;
 * again and again until nothing more can go.
 */
export const shrink = async (plan: Plan, given: readonly Cut[], fault: string, trial: Trial): Promise<Shrunk> => {
  let best = {cuts: given, fault};
  let runs = 0;
  const fails = async (cuts: readonly Cut[]): Promise<boolean> => {
    if (runs === MAX_RUNS) return false;
    runs++;
    const now = await trial(cuts);
    if (now === undefined || checkerOf(now) !== checkerOf(fault)) return false;
    best = {cuts, fault: now};
    return true;
  };
  for (let before: readonly Cut[] | undefined; before !== best.cuts;) {
    before = best.cuts;
    for (const part of partsOf(cutPlan(plan, best.cuts))) {
      const isThere = partsOf(cutPlan(plan, best.cuts)).includes(part);
      if (isThere) await fails([...best.cuts, part]);
    }
    await fewerCalls(plan, () => best.cuts, fails);
  }
  return {...best, runs};
};

/** Halves the calls, then takes one at a time. */
const fewerCalls = async (
  plan: Plan,
  cuts: () => readonly Cut[],
  fails: (cuts: readonly Cut[]) => Promise<boolean>,
): Promise<void> => {
  const withCalls = (calls: number): Cut[] => [...cuts().filter((cut) => !cut.startsWith('calls=')), `calls=${calls}`];
  let {operations} = cutPlan(plan, cuts());
  while (operations > 1 && (await fails(withCalls(operations >> 1)))) operations >>= 1;
  while (operations > 1 && (await fails(withCalls(operations - 1)))) operations--;
};
