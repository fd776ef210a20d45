import type {Plan} from './plan.ts';

/** What a plan holds, a line a part. */
export const describePlan = ({guests, rates, disturbances, operations}: Plan): string[] => [
  `calls of each workload: ${operations}`,
  ...guests.map(({number, workloads}) => `guest${number}: ${workloads.join(', ')}`),
  ...Object.entries(rates).flatMap(([fault, rate]) => (rate > 0 ? [`${fault}: ${rate.toFixed(3)}`] : [])),
  ...disturbances.map(({number, kind, atNs}) => `disturbance${number}: ${kind} at ${(atNs / 1e6).toFixed(1)} ms`),
];
