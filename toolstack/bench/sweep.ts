import {MAX_REQUESTS} from '../../hypervisor/cost/index.ts';
import type {BenchDriver} from './driver.ts';
import {type BenchPoint, type DeviceName, formatPoint, type Operation} from './point.ts';

const KIB = 1024;
const MAX_GUESTS = 32;

/** Lists of which every combination is a point. */
export interface Sweep {
  readonly operations: readonly Operation[];
  readonly sizes: readonly number[];
  readonly depths: readonly number[];
  readonly queues: readonly number[];
  readonly guests: readonly number[];
}

/** What a sweep may be asked for otherwise; lists of numbers. */
export type SweepRequest = Partial<Omit<Sweep, 'operations'>>;

const one: Omit<Sweep, 'operations' | 'sizes'> = {depths: [1], queues: [1], guests: [1]};

const blockSizes: Sweep = {...one, operations: ['read'], sizes: [512, 4 * KIB, 16 * KIB, 64 * KIB, 128 * KIB]};
/** As many under way as the smallest ring holds. */
const netSizes: Sweep = {...one, operations: ['tx', 'rx'], sizes: [60, 256, 590, 1514], depths: [4]};
const scsiSizes: Sweep = {...one, operations: ['read'], sizes: [512, 4 * KIB, 16 * KIB, 64 * KIB]};

/** What a report has of each device; a request that says no sizes gets those of the first sweep. */
const defaultSweeps: Readonly<Record<DeviceName, readonly Sweep[]>> = {
  block: [
    blockSizes,
    {...blockSizes, sizes: [4 * KIB], depths: [2, 8, 32]},
    {...blockSizes, sizes: [4 * KIB], guests: [2, 8]},
    {...blockSizes, sizes: [4 * KIB], depths: [32], guests: [2, 4, 8]},
    {...blockSizes, sizes: [4 * KIB], depths: [32], queues: [2, 4]},
  ],
  net: [
    netSizes,
    {...netSizes, sizes: [1514], depths: [1, 4, 64]},
    {...netSizes, operations: ['tx'], sizes: [16 * KIB, 65535]},
  ],
  console: [{...one, operations: ['out'], sizes: [1, 16, 80, 256, 1024]}],
  scsi: [scsiSizes, {...scsiSizes, sizes: [4 * KIB], depths: [4, 15]}],
};

/** Points of the default report that the drivers are able to do, in order, each once. */
export const defaultPoints = (device: DeviceName, drivers: readonly BenchDriver[]): BenchPoint[] => {
  const points = defaultSweeps[device].flatMap((sweep) => pointsOf(drivers, sweep)).filter(isPossible);
  return [...new Map(points.map((each) => [formatPoint(each.point), each.point])).values()];
};

/**
 * Every combination of what is asked for, by the drivers that are able to do it. A text says of a value why no driver is,
 * or why one of those that were named has nothing to do.
 */
export const requestedPoints = (
  device: DeviceName,
  drivers: readonly BenchDriver[],
  request: SweepRequest,
  named: readonly string[],
): BenchPoint[] | string => {
  const points = pointsOf(drivers, {...defaultSweeps[device][0], ...one, ...request});
  const possible = points.filter(isPossible);
  const isUseless = (like: (each: Candidate) => boolean): boolean => !possible.some(like);
  const useless = points.find(
    ({driver, point}) =>
      (named.includes(driver.name) && isUseless((each) => each.driver === driver)) ||
      dimensions.some((dimension) => isUseless((each) => each.point[dimension] === point[dimension])),
  );
  return useless === undefined ? possible.map(({point}) => point) : (objection(useless) ?? 'nothing is left to do');
};

const dimensions = ['sizeBytes', 'depth', 'queues', 'guests'] as const;

interface Candidate {
  readonly driver: BenchDriver;
  readonly point: BenchPoint;
}

const pointsOf = (drivers: readonly BenchDriver[], sweep: Sweep): Candidate[] =>
  drivers.flatMap((driver) =>
    sweep.operations
      .filter((operation) => driver.operations.includes(operation))
      .flatMap((operation) => combinations(sweep).map((rest) => ({driver, point: pointOf(driver, operation, rest)}))),
  );

const pointOf = ({device, name}: BenchDriver, operation: Operation, rest: Numbers): BenchPoint => ({
  device,
  driver: name,
  operation,
  ...rest,
});

type Numbers = Pick<BenchPoint, (typeof dimensions)[number]>;

const combinations = ({sizes, depths, queues, guests}: Sweep): Numbers[] =>
  guests.flatMap((guestCount) =>
    queues.flatMap((queueCount) =>
      depths.flatMap((depth) => sizes.map((sizeBytes) => ({sizeBytes, depth, queues: queueCount, guests: guestCount}))),
    ),
  );

const isPossible = (candidate: Candidate): boolean => objection(candidate) === undefined;

/** Why the driver cannot do this, if it cannot. */
const objection = ({driver, point}: Candidate): string | undefined => {
  const {minBytes, maxBytes, stepBytes, maxDepth, maxQueues} = driver.limits;
  const {sizeBytes, depth, queues, guests} = point;
  const what = `${driver.device} ${driver.name}`;
  if (!isWithin(sizeBytes, minBytes, maxBytes) || sizeBytes % stepBytes !== 0)
    return `${what}: size ${sizeBytes} is not ${minBytes}..${maxBytes}${stepBytes === 1 ? '' : ` in steps of ${stepBytes}`}`;
  if (!isWithin(queues, 1, maxQueues)) return `${what}: ${queues} queues are not 1..${maxQueues}`;
  if (!isWithin(depth, 1, maxDepth * queues))
    return `${what}: depth ${depth} is not 1..${maxDepth * queues}, what its rings hold`;
  if (!isWithin(guests, 1, MAX_GUESTS)) return `${what}: ${guests} guests are not 1..${MAX_GUESTS}`;
  const underWay = guests * depth;
  return underWay <= MAX_REQUESTS ? undefined : `${what}: ${underWay} I/Os under way are more than ${MAX_REQUESTS}`;
};

const isWithin = (value: number, least: number, most: number): boolean =>
  Number.isInteger(value) && value >= least && value <= most;
