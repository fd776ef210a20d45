import {formatSummary, formatTable, judge, type PaperTable, paperTables} from '../paper/index.ts';
import {priceListOf} from './price.ts';
import {usage} from './usage.ts';

export interface PaperCommand {
  readonly id?: string;
  readonly price?: string;
  readonly json: boolean;
}

/** `pvsim bench paper`: every table in a line, or one of them whole. */
export const runPaper = async ({id, price, json}: PaperCommand): Promise<void> => {
  const list = price === undefined ? undefined : priceListOf(price);
  const tables = id === undefined ? paperTables : [findTable(id)];
  const judged = [];
  for (const table of tables) judged.push({table, judged: await judge(table, list)});
  const results = judged.map((each) => each.judged);
  if (json) print(JSON.stringify(results, undefined, 2));
  else if (id === undefined) print(formatSummary(judged));
  else print(formatTable(judged[0]));
};

const findTable = (id: string): PaperTable => {
  const found = paperTables.find((table) => table.id.toLowerCase() === id.toLowerCase());
  if (found === undefined)
    throw usage(`no table "${id}": there are ${paperTables.map((table) => table.id).join(', ')}`);
  return found;
};

const print = (text: string): void => void process.stdout.write(`${text}\n`);
