import {z} from 'zod';
import {DEFAULT_SETUP} from './bench-setup.ts';
import {deviceNames, operations} from './point.ts';

/** Of the file's form: raised when a reader of the one before would misread it. */
export const RESULT_VERSION = 1;

const count = z.number().nonnegative();
const whole = z.int().positive();

const point = z.strictObject({
  device: z.enum(deviceNames),
  driver: z.string(),
  operation: z.enum(operations),
  sizeBytes: whole.describe('of one I/O'),
  depth: whole.describe('I/Os under way at once in each guest'),
  queues: whole,
  guests: whole,
});

/** By primitive. */
const perIo = z.record(z.string(), count);

const counted = z
  .strictObject({front: perIo.describe('by the guest'), back: perIo.describe('by dom0')})
  .describe('what the ledger counted, an I/O: @see docs/cost-model.md');

const modelled = z
  .strictObject({
    latencyNs: count,
    throughputPerSec: count.describe('I/Os a second, of all guests together'),
    bottleneck: z.string(),
    guestNs: count.describe("of the guest's CPU, an I/O"),
    backendNs: count.describe("of dom0's CPU"),
    lockNs: count,
    waitNs: count.describe("of nobody's CPU"),
    parts: perIo.describe('ns of an I/O by what they are spent on'),
  })
  .describe('from `counted` and the price list');

const measured = z
  .strictObject({hostNsPerIo: z.array(count).min(2).describe('repeated in one process')})
  .describe("this machine's time in pvsim itself, both ends and the simulation of time included");

const result = z.discriminatedUnion('state', [
  z.strictObject({state: z.literal('done'), point, ios: whole, counted, modelled, measured}),
  z.strictObject({state: z.literal('failed'), point, reason: z.string()}),
  z.strictObject({state: z.literal('not run'), point}),
]);

const priceList = z.strictObject({
  name: z.string(),
  source: z.string(),
  prices: z.record(z.string(), z.strictObject({ns: count, certainty: z.string(), source: z.string()})),
});

/** What `pvsim bench --json` writes and `pvsim bench compare` reads. */
export const benchResults = z.strictObject({
  format: z.literal('pvsim-bench'),
  version: z.literal(RESULT_VERSION),
  pvsim: z.string().describe('version'),
  commit: z.string().optional().describe('of the checkout, with "+" where files were changed'),
  node: z.string(),
  command: z.string().describe('that does it again'),
  seed: z.int().nonnegative(),
  complete: z.boolean().describe('false: it was interrupted, or points failed'),
  priceList,
  setup: z.strictObject({name: z.string(), what: z.string()}).describe('what lies around the path that is counted'),
  results: z.array(result),
});

export type BenchResults = z.infer<typeof benchResults>;
/** What modelled times are printed with. */
export const modelNameOf = ({priceList, setup}: Pick<BenchResults, 'priceList' | 'setup'>): string =>
  setup.name === DEFAULT_SETUP.name ? priceList.name : `${priceList.name}, ${setup.name}`;

export type PointResult = z.infer<typeof result>;
export type DonePoint = Extract<PointResult, {state: 'done'}>;
