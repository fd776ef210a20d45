import type {Certainty, Modelled} from '../../../hypervisor/cost/index.ts';
import type {Counter} from './counter.ts';
import type {Setup} from './setups.ts';
import type {Software} from './software.ts';

/** A number that was published, or that follows from what was. */
export interface PaperCell {
  /** Unique in its table: "4 jobs, 16 rings". */
  readonly name: string;
  /** In the table's unit; none where the paper has only what its `shapes` say. */
  readonly published?: number;
  /** Of the number itself, where it is not the table's. */
  readonly certainty?: Certainty;
  /** A price or a piece of software of ours was fitted to it: it proves nothing. */
  readonly isFitted?: boolean;
  /** The same number from our own drivers' counts, in the same unit. */
  readonly model: (counter: Counter) => Promise<number>;
}

/** What the table is there to say: one of its cells against another. */
export interface PaperRatio {
  readonly name: string;
  readonly of: string;
  readonly to: string;
}

/** What can be seen in the modelled numbers: where a curve turns, that another rises. */
export interface PaperShape {
  readonly says: string;
  /** `value` is the modelled number of a cell. */
  readonly holds: (value: (cell: string) => number) => boolean;
}

/** One published table, and how it is modelled: data, but for `model`. @see docs/paper-tables.md */
export interface PaperTable {
  readonly id: string;
  readonly claim: string;
  readonly source: string;
  readonly certainty: Certainty;
  /** Used unless another is asked for. */
  readonly priceList: string;
  readonly unit: string;
  readonly setups: readonly Setup[];
  /** Work of the kernels of that time that no ledger counts. */
  readonly software: readonly Software[];
  /** What is counted, with which drivers. */
  readonly counts: string;
  readonly cells: readonly PaperCell[];
  readonly ratios: readonly PaperRatio[];
  readonly shapes: readonly PaperShape[];
  /** What the model has not that the table has: why cells differ. */
  readonly lacks: string;
}

/** Cells that are modelled alike, each by what differs: `at`. */
export const cellsOf = <At extends object>(
  cells: readonly (Omit<PaperCell, 'model'> & At)[],
  model: (at: At, counter: Counter) => Promise<number>,
): PaperCell[] =>
  cells.map((cell) => {
    const {name, published, certainty, isFitted} = cell;
    return {name, published, certainty, isFitted, model: (counter) => model(cell, counter)};
  });

export const kiloPerSec = ({throughputPerSec}: Modelled): number => throughputPerSec / 1e3;

/** "1 guest", "5 guests" */
export const many = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
