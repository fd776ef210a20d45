import {type Clause, clauseOf, clauses} from '../catalogue/index.ts';
import type {Check} from '../check.ts';
import {ToolstackError} from '../../errors.ts';

const EXIT_USAGE = 2;

/** A line a clause, with who is checked; then how many are. */
export const listClauses = (selected: readonly Clause[], checks: readonly Check[]): string => {
  const lines = selected.map(({id, severity, profile, rule}) => {
    const subjects = checks.filter(({clause}) => clause === id).map(({subject}) => subject);
    const checked = subjects.length === 0 ? 'no check yet' : [...new Set(subjects)].join(' ');
    return `${id.padEnd(16)} ${severity.padEnd(6)} ${(profile ?? '').padEnd(7)} [${checked}] ${rule}`;
  });
  const checked = selected.filter(({id}) => checks.some(({clause}) => clause === id)).length;
  return [
    ...lines,
    `${selected.length} clauses, ${checked} with a check, ${selected.length - checked} with no check yet`,
    '',
  ].join('\n');
};

/** All about one clause. Throws ToolstackError when there is none of that id. */
export const showClause = (id: string, checks: readonly Check[]): string => {
  const clause = clauseOf(id.toUpperCase());
  if (clause === undefined)
    throw new ToolstackError('ENOENT', `pvsim: no clause "${id}" among ${clauses.length}`, EXIT_USAGE);
  const {severity, side, basis, profile, source, rule, probe, advisories, correction} = clause;
  const fields: [string, string | undefined][] = [
    ['severity', severity],
    ['binds', side],
    ['basis', profile === undefined ? basis : `${basis} (${profile})`],
    ['source', source],
    ['rule', rule],
    ['probe', probe],
    ['advisories', advisories?.join(', ')],
    ['correction', correction],
  ];
  const known = fields.flatMap(([name, value]) => (value === undefined ? [] : [`  ${name.padEnd(10)} ${value}`]));
  const own = checks.filter((check) => check.clause === clause.id);
  const about = own.flatMap(({name, seeds, orders, mutants}) => [
    `  check      ${name}: ${orders === undefined ? `${seeds} seeds` : `every order, at most ${orders} runs`}`,
    ...mutants.map((mutant) => `    mutant   ${mutant.name}`),
  ]);
  return [clause.id, ...known, ...(own.length === 0 ? ['  no check yet'] : about), ''].join('\n');
};
