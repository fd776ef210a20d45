import {type Protocol, protocolOf} from '../catalogue/index.ts';
import type {ConformReport} from './report.ts';
import {clauseStandings, type ClauseStanding, type Standing} from './standing.ts';

/** One implementation's standings of one protocol. */
export interface MatrixColumn extends Pick<ConformReport, 'iut' | 'profiles'> {
  /** A line a clause. */
  readonly standings: readonly ClauseStanding[];
  /** Some clause of the protocol was judged. */
  readonly isJudged: boolean;
}

export interface ProtocolMatrix {
  readonly protocol: Protocol;
  /** All of the same clauses. */
  readonly columns: readonly MatrixColumn[];
}

const unjudged: ReadonlySet<Standing> = new Set(['not applicable', 'no check yet']);

export const isJudged = ({standing}: ClauseStanding): boolean => !unjudged.has(standing);

/** Clauses by implementations, protocol by protocol. `reports` have to be joined. @see joinReports */
export const protocolMatrices = (reports: readonly ConformReport[]): ProtocolMatrix[] => {
  const columns = reports.map(({iut, clauses, checks, results, profiles}) => ({
    iut,
    profiles,
    standings: clauseStandings(clauses, checks, results, profiles),
  }));
  const protocols = new Set(reports[0].clauses.map(({id}) => protocolOf(id)));
  return [...protocols].map((protocol) => ({
    protocol,
    columns: columns.map(({standings, ...column}) => {
      const own = standings.filter(({clause}) => protocolOf(clause.id) === protocol);
      return {...column, standings: own, isJudged: own.some(isJudged)};
    }),
  }));
};
