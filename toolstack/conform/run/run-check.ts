import {Choices} from '../choices.ts';
import type {Check} from '../check.ts';
import type {Iut} from '../iut/iut.ts';
import type {Mutant} from '../mutants/mutant.ts';
import {openStand} from '../stand/stands.ts';
import type {Stand} from '../stand/stand.ts';
import {StepLog} from '../step-log.ts';
import {Breach, Inconclusive, type Result, type Verdict} from '../verdict.ts';

export interface RunOptions {
  /** Seed of the first run. */
  readonly seed?: number;
  readonly mutant?: Mutant;
  /** One run only, the one that a report names. */
  readonly replay?: Choices;
  /** Told what is under way, for a report in case it never ends. */
  readonly onRun?: (seed: string) => void;
  /** Keeps the steps of a run that passes, too. */
  readonly keepSteps?: boolean;
}

type Outcome = Pick<Result, 'verdict' | 'seen' | 'due' | 'reason' | 'dump' | 'steps' | 'seed'>;

/** The run whose stand is open: what its tasks throw outside of any promise ends it. */
let abort: ((error: Error) => void) | undefined;

/** To be called with what reached nobody: it is the implementation's. False when no check is under way. */
export const abortRun = (error: unknown): boolean => {
  abort?.(error instanceof Error ? error : new Error(String(error)));
  return abort !== undefined;
};

/** Runs a check over its seeds or orders, up to the first run that is not a pass. */
export const runCheck = async (check: Check, iut: Iut, options: RunOptions = {}): Promise<Result> => {
  const startedMs = performance.now();
  let runs = 0;
  let outcome: Outcome = {verdict: 'pass'};
  for (const choices of runsOf(check, iut, options)) {
    options.onRun?.(String(choices));
    outcome = await runOnce(check, iut, choices, options);
    runs++;
    if (outcome.verdict !== 'pass') break;
  }
  return {
    check: check.name,
    clause: check.clause,
    subject: check.subject,
    iut: iut.name,
    mutant: options.mutant?.name,
    runs,
    wallMs: Math.round(performance.now() - startedMs),
    ...outcome,
  };
};

function* runsOf(
  {orders, seeds}: Check,
  {maxRuns = Infinity, maxOrders = Infinity}: Iut,
  options: RunOptions,
): Generator<Choices> {
  const {seed = 1, replay} = options;
  if (replay !== undefined) {
    yield replay;
    return;
  }
  if (orders === undefined) {
    for (let i = 0; i < Math.min(seeds, maxRuns); i++) yield new Choices(seed + i);
    return;
  }
  let prefix: number[] | undefined = [];
  for (let i = 0; i < Math.min(orders, maxOrders) && prefix !== undefined; i++) {
    const choices = new Choices(seed, prefix);
    yield choices;
    prefix = choices.nextPrefix();
  }
}

const runOnce = async (check: Check, iut: Iut, choices: Choices, {mutant, keepSteps}: RunOptions): Promise<Outcome> => {
  const log = new StepLog();
  const aborted = new Promise<never>((_, reject) => (abort = reject));
  choices.onEndless = (tasks) => abort?.(new Error(`no end after ${tasks} tasks`));
  let stand: Stand | undefined;
  const run = async (): Promise<void> => {
    const layers = mutant === undefined ? [] : [mutant.layer()];
    stand = await openStand[check.subject]({iut, choices, log, layers, ringStart: check.ringStart, abi: check.abi});
    await check.run(stand);
  };
  try {
    await Promise.race([run(), aborted]);
    return keepSteps === true ? {...report('pass', choices, log, stand)} : {verdict: 'pass'};
  } catch (error) {
    return {...explain(error), ...report(verdictOf(error), choices, log, stand)};
  } finally {
    abort = undefined;
    stand?.close();
  }
};

const verdictOf = (error: unknown): Verdict => {
  if (error instanceof Breach) return 'fail';
  return error instanceof Inconclusive ? 'inconclusive' : 'error';
};

const explain = (error: unknown): Pick<Result, 'seen' | 'due' | 'reason'> => {
  if (error instanceof Breach) return {seen: error.seen, due: error.due};
  if (error instanceof Inconclusive) return {reason: error.message};
  return {reason: error instanceof Error ? (error.stack ?? error.message) : String(error)};
};

const report = (verdict: Verdict, choices: Choices, log: StepLog, stand: Stand | undefined): Outcome => ({
  verdict,
  seed: String(choices),
  dump: dumpOf(stand),
  steps: log.last,
});

/** An implementation that went wrong may have left nothing that can be dumped. */
const dumpOf = (stand: Stand | undefined): string[] => {
  try {
    return stand?.dump() ?? [];
  } catch (error) {
    return [`no dump: ${String(error)}`];
  }
};
