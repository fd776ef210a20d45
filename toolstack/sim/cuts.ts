import {type Fault} from './profiles.ts';
import type {Plan} from './plan.ts';

/**
 * What is left out of a run, by name: "lateEvent", "guest2", "guest1-disk", "disturbance1", and "calls=3" for how many each
 * workload makes. A run is known by its seed and its cuts.
 */
export type Cut = string;

const callsCut = /^calls=(\d{1,6})$/;

/** Every part of a plan that can be cut now, the largest first. */
export const partsOf = ({guests, disturbances, rates}: Plan): Cut[] => [
  ...(guests.length > 1 ? guests.map(({number}) => `guest${number}`) : []),
  ...disturbances.map(({number}) => `disturbance${number}`),
  ...Object.keys(rates).filter((fault) => rates[fault as Fault] > 0),
  ...guests.flatMap(({number, workloads}) =>
    workloads.length > 1 ? workloads.map((workload) => `guest${number}-${workload}`) : [],
  ),
];

export const isCut = (text: string): boolean => callsCut.test(text) || /^[a-zA-Z]+\d*(-[a-z]+)?$/.test(text);

/** The plan without what is cut; a name that is not in it changes nothing. */
export const cutPlan = (plan: Plan, cuts: readonly Cut[]): Plan => {
  const gone = new Set(cuts);
  const calls = cuts.map((cut) => callsCut.exec(cut)?.[1]).findLast((each) => each !== undefined);
  const rates = {...plan.rates};
  for (const fault of Object.keys(rates) as Fault[]) if (gone.has(fault)) rates[fault] = 0;
  const guests = plan.guests
    .filter(({number}) => !gone.has(`guest${number}`))
    .map(({number, workloads}) => ({
      number,
      workloads: workloads.filter((workload) => !gone.has(`guest${number}-${workload}`)),
    }));
  return {
    ...plan,
    rates,
    guests,
    disturbances: plan.disturbances.filter(({number}) => !gone.has(`disturbance${number}`)),
    operations: calls === undefined ? plan.operations : Math.min(plan.operations, Number(calls)),
  };
};
