import {readFileSync} from 'node:fs';
import {isDeepStrictEqual} from 'node:util';
import {usage} from '../cli/usage.ts';
import {benchResults, type BenchResults} from '../result.ts';

/** Results of a file that `--json` wrote. Throws a ToolstackError of one line. */
export const readResults = (file: string): BenchResults => {
  const parsed = benchResults.safeParse(parse(file));
  if (parsed.success) return parsed.data;
  const [{path, message}] = parsed.error.issues;
  throw usage(`${file} has no results of this version: ${path.length === 0 ? '' : `${path.join('.')}: `}${message}`);
};

/** Refuses results that say nothing about each other. */
export const demandComparable = (before: BenchResults, after: BenchResults): void => {
  const [a, b] = [before.priceList, after.priceList];
  if (a.name !== b.name) throw usage(`price lists differ: ${a.name} and ${b.name}`);
  if (before.setup.name !== after.setup.name)
    throw usage(`setups differ: ${before.setup.name} and ${after.setup.name}`);
  if (!isDeepStrictEqual(a.prices, b.prices)) throw usage(`the prices of ${a.name} are not the same in both files`);
};

const parse = (file: string): unknown => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as unknown;
  } catch (error) {
    throw usage(`${file}: ${error instanceof SyntaxError ? 'no JSON' : (error as NodeJS.ErrnoException).code}`);
  }
};
