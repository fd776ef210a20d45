import {ToolstackError} from '../errors.ts';
import {type Cut, cutPlan, isCut} from './cuts.ts';
import {describePlan} from './describe.ts';
import {simMutants} from './mutants.ts';
import {drawPlan} from './plan.ts';
import type {FaultProfileName, ProfileName} from './profiles.ts';
import type {Verdict, WorkerData} from './run/job.ts';
import {runSeeds} from './run/pool.ts';
import {Runner} from './run/runner.ts';
import {shrink} from './shrink.ts';

const EXIT_USAGE = 2;
const MAX_SEED = 0xffff_ffff;

export interface SimCommand {
  /** "1..1000" */
  readonly seeds?: string;
  readonly seed?: number;
  readonly without?: string;
  readonly profile: ProfileName;
  readonly faults: FaultProfileName;
  readonly mutant?: string;
  readonly referee: boolean;
  readonly threads?: number;
  readonly maxFailures: number;
  readonly shrink: boolean;
  /** Lines of trace that a replay prints. */
  readonly tail: number;
}

const usage = (message: string): ToolstackError => new ToolstackError('EINVAL', `pvsim sim: ${message}`, EXIT_USAGE);

const print = (line: string): void => void process.stdout.write(`${line}\n`);

const isSeed = (seed: number): boolean => Number.isInteger(seed) && seed >= 0 && seed <= MAX_SEED;

const parseSeeds = (text: string): readonly [number, number] => {
  const match = /^(\d+)\.\.(\d+)$/.exec(text);
  const [first, last] = match === null ? [1, 0] : [Number(match[1]), Number(match[2])];
  if (!isSeed(first) || !isSeed(last) || first > last)
    throw usage(`--seeds ${text}: FIRST..LAST of 0..${MAX_SEED} is due`);
  return [first, last];
};

const parseCuts = (text = ''): Cut[] => {
  const cuts = text.split(',').filter((cut) => cut !== '');
  const wrong = cuts.find((cut) => !isCut(cut));
  if (wrong !== undefined)
    throw usage(`--without ${wrong}: not a part of a plan, such as guest2, lateEvent or calls=3`);
  return cuts;
};

const dataOf = ({profile, faults, mutant, referee}: SimCommand): WorkerData => {
  if (mutant !== undefined && !Object.hasOwn(simMutants, mutant))
    throw usage(`--mutant ${mutant}: there are ${Object.keys(simMutants).join(', ')}`);
  return {profile, faults, mutant, referee};
};

/** The command that does it again. */
const commandOf = ({profile, faults, mutant, referee}: WorkerData, seed: number, cuts: readonly Cut[]): string =>
  [
    `pvsim sim --seed ${seed}`,
    profile === 'small' ? '' : ` --profile ${profile}`,
    faults === 'all' ? '' : ` --faults ${faults}`,
    mutant === undefined ? '' : ` --mutant ${mutant}`,
    referee === true ? ' --referee' : '',
    cuts.length === 0 ? '' : ` --without ${cuts.join(',')}`,
  ].join('');

/** A line that is overwritten, where somebody looks. */
const progress = (total: number): {tick: (done: number) => void; end: () => void} => {
  const {stderr} = process;
  if (!stderr.isTTY) return {tick: () => undefined, end: () => undefined};
  return {tick: (done) => stderr.write(`\r\u001b[K${done}/${total} seeds`), end: () => void stderr.write('\r\u001b[K')};
};

const trialOf =
  (runner: Runner, seed: number) =>
  async (cuts: readonly Cut[]): Promise<string | undefined> => {
    let fault: string | undefined;
    await runner.run({first: seed, last: seed, cuts}, (verdict) => {
      ({fault} = verdict);
      return true;
    });
    return fault;
  };

const printShrunk = async (data: WorkerData, seed: number, cuts: readonly Cut[], fault: string): Promise<void> => {
  const runner = new Runner(data);
  const plan = drawPlan(seed, data);
  const shrunk = await shrink(plan, cuts, fault, trialOf(runner, seed));
  await runner.end();
  print(`  after ${shrunk.runs} smaller runs: ${shrunk.fault}`);
  for (const line of describePlan(cutPlan(plan, shrunk.cuts))) print(`    ${line}`);
  print(`  shrunk: ${commandOf(data, seed, shrunk.cuts)}`);
};

/** Runs one seed again and prints the end of its trace. Exit status 1 when it fails. */
const replay = async (command: SimCommand, data: WorkerData, seed: number): Promise<void> => {
  if (!isSeed(seed)) throw usage(`--seed ${seed}: 0..${MAX_SEED} is due`);
  const cuts = parseCuts(command.without);
  for (const line of describePlan(cutPlan(drawPlan(seed, data), cuts))) print(`  ${line}`);
  const runner = new Runner(data);
  let end: Verdict | undefined;
  await runner.run({first: seed, last: seed, cuts, traced: true}, (verdict) => {
    end = verdict;
    return true;
  });
  await runner.end();
  const trace = end?.trace ?? [];
  if (command.tail > 0) for (const line of trace.slice(-command.tail)) print(line);
  print(`pvsim: seed ${seed}: ${end?.fault ?? 'clean'} (${trace.length} trace records)`);
  if (end?.fault === undefined) return;
  process.exitCode = 1;
  if (command.shrink) await printShrunk(data, seed, cuts, end.fault);
};

/** `pvsim sim`. Exit status 1 when a seed fails. */
export const runSim = async (command: SimCommand): Promise<void> => {
  const data = dataOf(command);
  if (command.seed !== undefined) return replay(command, data, command.seed);
  if (command.without !== undefined) throw usage('--without goes with --seed');
  const [first, last] = parseSeeds(command.seeds ?? '1..1000');
  const {tick, end} = progress(last - first + 1);
  const startedMs = performance.now();
  const {threads, maxFailures} = command;
  const {done, failures} = await runSeeds({data, first, last, threads, maxFailures, onProgress: tick});
  end();
  const seconds = (performance.now() - startedMs) / 1000;
  for (const {seed, fault} of failures) {
    print(`seed ${seed} fails: ${fault}`);
    print(`  again: ${commandOf(data, seed, [])}`);
  }
  const [worst] = failures;
  if (worst?.fault !== undefined && command.shrink) await printShrunk(data, worst.seed, [], worst.fault);
  const cpu = process.cpuUsage();
  const cpuMs = (cpu.user + cpu.system) / 1000 / done;
  print(
    `pvsim: ${done} seeds of profile ${data.profile}, faults ${data.faults}: ${failures.length === 0 ? 'all clean' : `${failures.length} failed`}` +
      ` (${seconds.toFixed(1)} s, ${Math.round((done / seconds) * 60)} seeds a minute, ${cpuMs.toFixed(1)} ms CPU each)`,
  );
  if (failures.length > 0) process.exitCode = 1;
};
