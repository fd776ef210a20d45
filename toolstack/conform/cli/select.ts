import {type Clause, clauses, protocolOf, type ImplementationProfile, type Severity} from '../catalogue/index.ts';
import type {Check} from '../check.ts';

/** What the options of `pvsim conform` pick. Nothing given: everything. */
export interface Selection {
  /** "RING", "blkif" */
  readonly protocol?: readonly string[];
  /** Side under test: frontend, backend, xenstored, hypervisor. */
  readonly side?: readonly string[];
  readonly severity?: readonly Severity[];
  /** Ids, or beginnings of them: "RING-IDX". */
  readonly id?: readonly string[];
}

const isAmong = (wanted: readonly string[] | undefined, value: string): boolean =>
  wanted === undefined || wanted.some((each) => each.toLowerCase() === value.toLowerCase());

const startsWithAny = (beginnings: readonly string[] | undefined, id: string): boolean =>
  beginnings === undefined || beginnings.some((each) => id.toLowerCase().startsWith(each.toLowerCase()));

export const selectClauses = ({protocol, severity, id}: Selection): Clause[] =>
  clauses.filter(
    (clause) =>
      isAmong(protocol, protocolOf(clause.id)) && isAmong(severity, clause.severity) && startsWithAny(id, clause.id),
  );

/** Checks of clauses that are picked, for the side that is picked. */
export const selectChecks = (checks: readonly Check[], selection: Selection): Check[] => {
  const ids = new Set(selectClauses(selection).map(({id}) => id));
  return checks.filter(({clause, subject}) => ids.has(clause) && isAmong(selection.side, subject.split('/')[0]));
};

/** Attacks have no clause: the advisory's id and the side pick them. */
export const selectAttacks = (attacks: readonly Check[], {id, side}: Selection): Check[] =>
  attacks.filter(({clause, subject}) => startsWithAny(id, clause) && isAmong(side, subject.split('/')[0]));

/** Clauses of basis `implementation` that are required of the one under test. */
export type Profiles = readonly ImplementationProfile[];
