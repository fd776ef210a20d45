import {type Advisory, advisoryOf, type Clause, clauseOf} from '../catalogue/index.ts';
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

/** All about one clause or advisory. Throws ToolstackError when there is none of that id. */
export const showClause = (id: string, checks: readonly Check[]): string => {
  const [clause, advisory] = [clauseOf(id.toUpperCase()), advisoryOf(id.toUpperCase())];
  const fields = clause === undefined ? advisory && advisoryFields(advisory) : clauseFields(clause);
  if (fields === undefined) throw new ToolstackError('ENOENT', `pvsim: no clause or advisory "${id}"`, EXIT_USAGE);
  const known = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`  ${name.padEnd(11)} ${value}`],
  );
  const own = checks.filter((check) => check.clause === id.toUpperCase());
  const about = own.flatMap(({name, seeds, orders, mutants}) => [
    `  check       ${name}: ${orders === undefined ? `${seeds} seeds` : `every order, at most ${orders} runs`}`,
    ...mutants.map((mutant) => `    mutant    ${mutant.name}`),
  ]);
  return [id.toUpperCase(), ...known, ...(own.length === 0 ? ['  no check yet'] : about), ''].join('\n');
};

type Fields = Readonly<Record<string, string | undefined>>;

const clauseFields = ({
  severity,
  side,
  basis,
  profile,
  source,
  rule,
  probe,
  advisories,
  correction,
}: Clause): Fields => ({
  severity,
  binds: side,
  basis: profile === undefined ? basis : `${basis} (${profile})`,
  source,
  rule,
  probe,
  advisories: advisories?.join(', '),
  correction,
});

const advisoryFields = ({title, cves, attacker, deed, consequence, due, attack, assertion}: Advisory): Fields => ({
  title,
  cves: cves.join(', '),
  attacker,
  deed,
  consequence,
  due,
  attack,
  assertion,
});
