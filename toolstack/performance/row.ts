/** One measured figure. */
export interface BenchRow {
  name: string;
  value: number;
  unit: string;
  /** What the project asks for, in the same unit. */
  target?: {value: number; sense: 'at least' | 'at most'};
  /** What `value` is compared with, measured in the same run, where a ratio says more than the figure. */
  beside?: {name: string; value: number; unit: string};
}

const digits = (value: number): string => {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
};

const met = ({value, target}: BenchRow): string => {
  if (target === undefined) return '';
  const ok = target.sense === 'at least' ? value >= target.value : value <= target.value;
  return `${target.sense} ${target.value}${ok ? '' : ' (missed)'}`;
};

/** The rows as a Markdown table. */
export const formatRows = (rows: readonly BenchRow[]): string => {
  const cells = rows.map((row) => [
    row.name,
    `${digits(row.value)} ${row.unit}`,
    met(row),
    row.beside === undefined ? '' : `${row.beside.name}: ${digits(row.beside.value)} ${row.beside.unit}`,
  ]);
  const header = ['what', 'measured', 'target', 'beside'];
  const widths = header.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column].length)));
  const line = (row: readonly string[]): string => `| ${row.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`;
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...cells.map(line)].join('\n');
};

/** Median of an odd or even number of figures. */
export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};
