import {ToolstackError} from '../../errors.ts';
import {clauseOf} from '../catalogue/index.ts';
import type {Result, Verdict} from '../verdict.ts';
import type {SavedReport} from './json.ts';
import type {ConformReport} from './report.ts';

const EXIT_USAGE = 2;

const verdicts: ReadonlySet<unknown> = new Set<Verdict>(['pass', 'fail', 'inconclusive', 'error']);

/** What a file of `--format json` tells. Throws ToolstackError with the name of the file and what is wrong with it. */
export const parseSavedReports = (file: string, text: string): ConformReport[] => {
  const bad = (reason: string): ToolstackError => new ToolstackError('EINVAL', `pvsim: ${file}: ${reason}`, EXIT_USAGE);
  const saved = parseJson(text);
  if (!Array.isArray(saved) || saved.length === 0 || !saved.every(isSavedReport))
    throw bad('no report of "pvsim conform run --format json"');
  return saved.map((report) => {
    const stranger = report.clauses.find(({id}) => clauseOf(id) === undefined);
    if (stranger !== undefined) throw bad(`clause "${stranger.id}" is not in the catalogue`);
    return restore(report);
  });
};

const restore = ({iut, seed, profiles, clauses}: SavedReport): ConformReport => ({
  iut,
  seed,
  profiles,
  clauses: clauses.map(({id}) => clauseOf(id)!),
  checks: clauses.filter(({standing}) => standing !== 'no check yet').map(({id}) => ({clause: id})),
  results: clauses.flatMap(({results}) => results),
});

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const isSavedReport = (value: unknown): value is SavedReport => {
  const {iut, profiles, clauses} = (value ?? {}) as Partial<SavedReport>;
  return (
    typeof iut === 'string' &&
    Array.isArray(profiles) &&
    Array.isArray(clauses) &&
    clauses.every((clause) => Array.isArray(clause?.results) && clause.results.every(isResult))
  );
};

const isResult = (value: Partial<Result> | null): value is Result =>
  typeof value?.check === 'string' && typeof value.clause === 'string' && verdicts.has(value.verdict);
