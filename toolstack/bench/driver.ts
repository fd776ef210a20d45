import type {Rig} from '../conform/rig.ts';
import type {BenchPoint, DeviceName, Operation} from './point.ts';

/** Some of one guest's I/O. */
export interface BenchJob {
  /** Does so many I/Os, the point's `depth` at once, and resolves when the last has ended. Rejects with what failed. */
  run(count: number): Promise<void>;
}

/** What a driver can be asked for. */
export interface DriverLimits {
  /** Of one I/O, in steps of `stepBytes`. */
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly stepBytes: number;
  /** I/Os under way at once on each queue. */
  readonly maxDepth: number;
  readonly maxQueues: number;
}

/** A driver with the device that it drives, as a benchmark compares it with others. */
export interface BenchDriver {
  /** As `--drivers` has it: "pv", "ide-dma". */
  readonly name: string;
  readonly device: DeviceName;
  readonly kind: 'pv' | 'emulated';
  /** What is special about it, in a few words. */
  readonly about: string;
  readonly operations: readonly Operation[];
  readonly limits: DriverLimits;
  /** Gives the rig the device and `point.guests` guests whose drivers are ready: a job for each. */
  start(rig: Rig, point: BenchPoint): Promise<readonly BenchJob[]>;
}

/** A job of I/Os that end one by one; `io` gets the number of each. */
export const keepUnderWay = (depth: number, io: (n: number) => Promise<unknown>): BenchJob => {
  let next = 0;
  return {
    run: async (count) => {
      const end = next + count;
      const lane = async (): Promise<void> => {
        while (next < end) await io(next++);
      };
      await Promise.all(Array.from({length: depth}, lane));
    },
  };
};

/** One after another: guests that come up at the same time would wait for each other. */
export const forEachGuest = async (
  {guests}: BenchPoint,
  start: (index: number) => Promise<BenchJob>,
): Promise<readonly BenchJob[]> => {
  const jobs: BenchJob[] = [];
  for (let index = 0; index < guests; index++) jobs.push(await start(index));
  return jobs;
};
