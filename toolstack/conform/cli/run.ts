import {writeFileSync} from 'node:fs';
import {ToolstackError} from '../../errors.ts';
import {attacks} from '../attacks/index.ts';
import type {ImplementationProfile} from '../catalogue/index.ts';
import type {Check} from '../check.ts';
import {checks} from '../checks/index.ts';
import type {IutSource} from '../iut/load.ts';
import {Choices} from '../choices.ts';
import {type ConformReport, explanation, type Format, formats, isFatal} from '../report/index.ts';
import {checkJobs, type IutTerms, mutantJobs} from '../run/job.ts';
import {runJobs} from '../run/pool.ts';
import {termsOf} from '../run/runner.ts';
import {escaped} from './survivors.ts';
import {sideBySide} from './replay.ts';
import {selectAttacks, selectChecks, selectClauses, type Selection} from './select.ts';

const EXIT_USAGE = 2;
const DEFAULT_COLUMNS = 140;

interface Implementations {
  /** Modules under test. */
  readonly iut?: readonly string[];
  /** Socket of a store under test. */
  readonly xenstored?: string;
  /** Directory where it has a socket for each domain. */
  readonly domainSockets?: string;
  /** Kernel under test. */
  readonly kernel?: string;
  readonly initrd?: string;
  readonly cmdline?: string;
}

export interface RunCommand extends Selection, Implementations {
  readonly profile?: readonly ImplementationProfile[];
  readonly seed: number;
  readonly threads?: number;
  readonly limitMs?: number;
  readonly format: Format;
  /** File for the report, in place of stdout. */
  readonly out?: string;
}

/** What is to be judged: modules, a daemon, a kernel, or all that is ours. */
const sourcesOf = async ({
  iut = [],
  xenstored,
  domainSockets,
  kernel,
  initrd,
  cmdline,
}: Implementations): Promise<IutSource[]> => {
  const sources: IutSource[] = iut.map((path) => ({kind: 'module', path}));
  if (xenstored !== undefined) sources.push({kind: 'xenstored', path: xenstored, domainSockets});
  if (kernel !== undefined)
    sources.push(await (await import('../linux/source.ts')).kernelSource({kernel, initrd, cmdline}));
  return sources.length === 0 ? [{kind: 'own'}] : sources;
};

const usage = (message: string): ToolstackError => new ToolstackError('EINVAL', `pvsim: ${message}`, EXIT_USAGE);

/** A line that is overwritten while checks run, where somebody looks. */
const progress = (total: number): {tick: (name: string) => void; end: () => void} => {
  const {stderr} = process;
  let done = 0;
  if (!stderr.isTTY) return {tick: () => undefined, end: () => undefined};
  return {
    tick: (name) => stderr.write(`\r\u001b[K${++done}/${total} ${name}`),
    end: () => void stderr.write('\r\u001b[K'),
  };
};

const applicable = (all: readonly Check[], iut: IutTerms): Check[] =>
  all.filter(({subject}) => iut.subjects.includes(subject));

const runAll = async (source: IutSource, selected: readonly Check[], command: RunCommand): Promise<ConformReport> => {
  const {seed, threads, limitMs, profile: profiles = []} = command;
  // What is wrong with a module is the user's to know before anything runs.
  const iut = await termsOf(source);
  const own = applicable(selected, iut);
  const {tick, end} = progress(own.length);
  const onResult = ({check}: {check: string}): void => tick(check);
  const results = await runJobs({
    iut: source,
    iutName: iut.name,
    jobs: checkJobs(own, seed),
    // A store outside is one for all checks.
    threads: iut.isOutside === true ? 1 : threads,
    limitMs: limitMs ?? iut.limitMs,
    onResult,
  });
  end();
  return {iut: iut.name, clauses: selectClauses(command), checks, results, profiles, seed};
};

const finish = (reports: readonly ConformReport[], {format, out}: RunCommand): void => {
  const text = formats[format](reports);
  if (out === undefined) process.stdout.write(text);
  else writeFileSync(out, text);
  const isBroken = reports.some(({results, profiles}) => results.some((result) => isFatal(result, profiles)));
  if (isBroken) process.exitCode = 1;
};

/** `pvsim conform run` */
export const runConform = async (command: RunCommand): Promise<void> => {
  const selected = selectChecks(checks, command);
  if (selected.length === 0) throw usage('no check is selected');
  const reports: ConformReport[] = [];
  for (const source of await sourcesOf(command)) reports.push(await runAll(source, selected, command));
  finish(reports, command);
};

/** `pvsim conform attack` */
export const runAttacks = async (command: RunCommand): Promise<void> => {
  const selected = selectAttacks(attacks, command);
  if (selected.length === 0) throw usage('no attack is selected');
  const reports: ConformReport[] = [];
  for (const source of await sourcesOf(command))
    reports.push({...(await runAll(source, selected, command)), clauses: [], checks: attacks});
  finish(reports, command);
};

/** `pvsim conform mutants`: every seeded fault of our own drivers has to be seen by its check. */
export const runMutants = async (command: RunCommand): Promise<void> => {
  const selected = [...selectChecks(checks, command), ...selectAttacks(attacks, command)];
  const jobs = mutantJobs(selected, command.seed);
  const {tick, end} = progress(jobs.length);
  const results = await runJobs({
    iut: {kind: 'own'},
    iutName: 'pvsim',
    jobs,
    threads: command.threads,
    limitMs: command.limitMs,
    onResult: ({check, mutant}) => tick(`${check}, ${mutant}`),
  });
  end();
  const survivors = escaped(results);
  for (const result of survivors)
    process.stdout.write(
      `survives: ${result.check}, "${result.mutant}": ${result.verdict} ${explanation(result).split('\n')[0]}\n`,
    );
  process.stdout.write(`mutants caught / seeded: ${results.length - survivors.length} / ${results.length}\n`);
  if (survivors.length > 0) process.exitCode = 1;
};

export interface ReplayCommand extends Omit<Implementations, 'iut'> {
  readonly check: string;
  /** "7" or "7:0.2.1", as a report has it. */
  readonly seed: string;
  readonly iut?: string;
  readonly mutant?: string;
}

/** `pvsim conform replay` */
export const replay = async (command: ReplayCommand): Promise<void> => {
  const {check: name, seed, iut, mutant} = command;
  const check = [...checks, ...attacks].find((each) => each.name === name);
  if (check === undefined) throw usage(`no check "${name}"; "pvsim conform show CLAUSE" names those of a clause`);
  if (Choices.parse(seed) === undefined) throw usage(`seed "${seed}": a number, or one with choices as in 7:0.2.1`);
  if (mutant !== undefined && !check.mutants.some((each) => each.name === mutant)) throw usage(`no mutant "${mutant}"`);
  const [source] = await sourcesOf({...command, iut: iut === undefined ? [] : [iut]});
  const {name: iutName, limitMs} = await termsOf(source);
  const [result] = await runJobs({iut: source, iutName, limitMs, jobs: [{check: name, mutant, seed: 1, replay: seed}]});
  const {verdict, steps = [], dump = []} = result;
  process.stdout.write(`${sideBySide(steps, process.stdout.columns ?? DEFAULT_COLUMNS)}\n\n`);
  for (const line of dump) process.stdout.write(`${line}\n`);
  process.stdout.write(`${result.check}: ${verdict} ${explanation(result)}\n`);
  if (verdict === 'fail' || verdict === 'error') process.exitCode = 1;
};
