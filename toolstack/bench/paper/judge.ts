import {type Certainty, parsePriceList} from '../../../hypervisor/cost/index.ts';
import {Counter} from './counter.ts';
import type {PaperCell, PaperTable} from './paper-table.ts';

/** How far a modelled ratio may be from the published one: the part of it. */
export const BAR = 0.2;

/** A published and a modelled number; `residual` is what part of the published one the other is more. */
export interface Comparison {
  readonly name: string;
  readonly published: number;
  readonly modelled: number;
  readonly residual: number;
}

/** A cell of which nothing is published has no residual. */
export interface JudgedCell extends Pick<Comparison, 'name' | 'modelled'> {
  readonly published?: number;
  readonly residual?: number;
  readonly certainty: Certainty;
  readonly isFitted: boolean;
}

export interface JudgedRatio extends Comparison {
  /** Both of its cells are fitted: it proves nothing, and no verdict counts it. */
  readonly isFitted: boolean;
}

export interface JudgedShape {
  readonly says: string;
  readonly holds: boolean;
}

export interface JudgedTable {
  readonly id: string;
  /** The calibration: without it no number of this means anything. */
  readonly priceList: string;
  readonly cells: readonly JudgedCell[];
  readonly ratios: readonly JudgedRatio[];
  readonly shapes: readonly JudgedShape[];
  /** The residual that is furthest from 0, of the ratios that are not fitted; 0 where there are none. */
  readonly worst: number;
}

/** Counts, models and compares. `list` is in place of the table's own. */
export const judge = async (table: PaperTable, list = parsePriceList(table.priceList)): Promise<JudgedTable> => {
  const counter = new Counter(list);
  const modelled = new Map<string, number>();
  for (const {name, model} of table.cells) modelled.set(name, await model(counter));
  const value = (name: string): number => modelled.get(name) ?? missing(table, name);
  const ratios = table.ratios.map(({name, of, to}) => {
    const [above, below] = [findCell(table, of), findCell(table, to)];
    const published = publishedOf(table, above) / publishedOf(table, below);
    const isFitted = above.isFitted === true && below.isFitted === true;
    return {...compare(name, published, value(of) / value(to)), isFitted};
  });
  return {
    id: table.id,
    priceList: list.name,
    cells: table.cells.map((cell) => judgeCell(cell, table.certainty, value(cell.name))),
    ratios,
    shapes: table.shapes.map(({says, holds}) => ({says, holds: holds(value)})),
    worst: worstOf(tried({ratios})),
  };
};

/** Ratios that say something. */
export const tried = ({ratios}: Pick<JudgedTable, 'ratios'>): readonly JudgedRatio[] =>
  ratios.filter(({isFitted}) => !isFitted);

/** Whether a ratio is within the bar. */
export const isNear = ({residual}: Comparison): boolean => Math.abs(residual) <= BAR;

const judgeCell = (cell: PaperCell, tableCertainty: Certainty, modelled: number): JudgedCell => {
  const {name, published, certainty = tableCertainty, isFitted = false} = cell;
  const comparison = published === undefined ? {name, modelled} : compare(name, published, modelled);
  return {...comparison, certainty, isFitted};
};

const compare = (name: string, published: number, modelled: number): Comparison => ({
  name,
  published,
  modelled,
  residual: modelled / published - 1,
});

const findCell = (table: PaperTable, name: string): PaperCell =>
  table.cells.find((cell) => cell.name === name) ?? missing(table, name);

const publishedOf = (table: PaperTable, {name, published}: PaperCell): number => published ?? missing(table, name);

const missing = ({id}: PaperTable, name: string): never => {
  throw new Error(`${id} has no number for "${name}"`);
};

const worstOf = (ratios: readonly Comparison[]): number =>
  ratios.reduce((worst, {residual}) => (Math.abs(residual) > Math.abs(worst) ? residual : worst), 0);
