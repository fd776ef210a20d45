/**
 * pass: the clause held in every run. fail: it was broken. inconclusive: the implementation never got where it could be
 * judged. error: it threw, hung or ran out of memory, or the check itself failed.
 */
export type Verdict = 'pass' | 'fail' | 'inconclusive' | 'error';

/** Thrown by a check: the clause is broken. */
export class Breach extends Error {
  readonly seen: string;
  readonly due: string;

  constructor(seen: string, due: string) {
    super(`${seen}; due: ${due}`);
    this.name = 'Breach';
    this.seen = seen;
    this.due = due;
  }
}

/** Thrown by a check: what it is about did not come up. */
export class Inconclusive extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'Inconclusive';
  }
}

/** One thing that either side did. */
export interface Step {
  readonly timeNs: number;
  readonly who: 'iut' | 'peer';
  readonly what: string;
}

/** What came of one check of one implementation. Plain data: it travels between threads and into files. */
export interface Result {
  /** "RING-LAY-06 backend/vbd" */
  readonly check: string;
  readonly clause: string;
  readonly subject: string;
  readonly iut: string;
  /** The mutant that was seeded. */
  readonly mutant?: string;
  readonly verdict: Verdict;
  /** Of verdict fail: what was seen, and what the clause wants. */
  readonly seen?: string;
  readonly due?: string;
  /** Of inconclusive and error. */
  readonly reason?: string;
  /** Of the run that was not a pass: what `replay` takes. */
  readonly seed?: string;
  /** Rings and states at that moment, a line each. */
  readonly dump?: readonly string[];
  readonly steps?: readonly Step[];
  readonly runs: number;
  readonly wallMs: number;
}
