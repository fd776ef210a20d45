import {difference, Ledger} from '../../hypervisor/cost/index.ts';
import {NS_PER_MS, NS_PER_S} from '../../hypervisor/schedule/index.ts';
import {createRig, type Rig} from '../conform/rig.ts';
import type {BenchDriver, BenchJob} from './driver.ts';
import {countedOf, modelPoint, type ModelTerms} from './model-point.ts';
import type {BenchPoint, DeviceName} from './point.ts';
import type {DonePoint, PointResult} from './result.ts';

/** What a point may take: of the host's time, and tasks. */
export interface PointLimits {
  readonly ns: number;
  readonly tasks: number;
}

/** No point needs more unless its driver hangs. */
const generous: PointLimits = {ns: 600 * NS_PER_S, tasks: 2e7};
const DOM0_PAGES = 32768;
/** Runs that are measured one by one, after one that is not. */
const SAMPLES = 10;
/** A run of one guest: so many bytes, in no fewer I/Os than these and no more. */
const sampleBytes: Readonly<Record<DeviceName, number>> = {
  block: 2 ** 20,
  net: 2 ** 20,
  console: 2 ** 14,
  scsi: 2 ** 20,
};
const MIN_IOS = 16;
const MAX_IOS = 128;
/** I/Os of a run for each that is under way at once. */
const TURNS = 4;

/** Runs a point on a host of its own, in virtual time. What goes wrong is its result. */
export const runPoint = async (
  driver: BenchDriver,
  point: BenchPoint,
  seed: number,
  terms: ModelTerms,
  limits = generous,
): Promise<PointResult> => {
  const ledger = new Ledger();
  const rig = await createRig({seed, ledger, traced: false, dom0Pages: DOM0_PAGES});
  try {
    return await rig.run(() => Promise.race([measure(rig, ledger, driver, point, terms), wedged(rig, limits)]));
  } catch (error) {
    return {state: 'failed', point, reason: error instanceof Error ? error.message : String(error)};
  } finally {
    rig.close();
  }
};

const measure = async (
  rig: Rig,
  ledger: Ledger,
  driver: BenchDriver,
  point: BenchPoint,
  terms: ModelTerms,
): Promise<DonePoint> => {
  const jobs = await driver.start(rig, point);
  const iosOfGuest = iosPerRun(point);
  await runAll(jobs, iosOfGuest);
  const before = ledger.read();
  const hostNsPerIo: number[] = [];
  for (let sample = 0; sample < SAMPLES; sample++) {
    const startMs = performance.now();
    await runAll(jobs, iosOfGuest);
    hostNsPerIo.push(((performance.now() - startMs) * NS_PER_MS) / (iosOfGuest * jobs.length));
  }
  const entries = difference(ledger.read(), before);
  const ios = SAMPLES * iosOfGuest * jobs.length;
  return {
    state: 'done',
    point,
    ios,
    counted: countedOf({entries, requests: ios}),
    modelled: modelPoint({entries, requests: ios}, point, terms),
    measured: {hostNsPerIo},
  };
};

const runAll = (jobs: readonly BenchJob[], count: number): Promise<unknown> =>
  Promise.all(jobs.map((job) => job.run(count)));

const iosPerRun = ({device, sizeBytes, depth}: BenchPoint): number =>
  Math.max(TURNS * depth, Math.min(MAX_IOS, Math.max(MIN_IOS, Math.round(sampleBytes[device] / sizeBytes))));

/** Rejects when the host has done or waited more than any point takes. */
const wedged = ({schedule}: Rig, limits: PointLimits): Promise<never> =>
  new Promise((_, reject) => {
    let tasks = 0;
    schedule.between = () => {
      // Told before and after each task.
      if (++tasks === 2 * limits.tasks) reject(new Error(`no end after ${limits.tasks} tasks`));
    };
    schedule.after(limits.ns, () => reject(new Error(`no end after ${limits.ns / NS_PER_S} s of virtual time`)));
  });
