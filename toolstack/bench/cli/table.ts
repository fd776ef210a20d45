import {countedFigures, type Figure, formatFigure, formatSize, measuredFigures, modelledFigures} from '../figures.ts';
import {deviceNames} from '../point.ts';
import {type BenchResults, modelNameOf, type PointResult} from '../result.ts';

const pointColumns = ['driver', 'op', 'size', 'depth', 'queues', 'guests'];

/** The results as a table a device for a terminal; what is counted, modelled and measured stands apart. */
export const formatResults = (results: BenchResults): string => {
  const tables = deviceNames.flatMap((device) => {
    const own = results.results.filter(({point}) => point.device === device);
    return own.length === 0 ? [] : [deviceTable(device, own, modelNameOf(results))];
  });
  const missing = results.results.filter(({state}) => state !== 'done').length;
  const marks = missing === 0 ? [] : [`${missing} of ${results.results.length} points are missing`];
  return `${[...tables, ...marks, `again: ${results.command}`].join('\n\n')}\n`;
};

const deviceTable = (device: string, results: readonly PointResult[], list: string): string => {
  const sections: readonly (readonly [string, readonly Figure[]])[] = [
    ['COUNTED an I/O', countedFigures],
    [`MODELLED by ${list}`, modelledFigures],
    ['MEASURED here', measuredFigures],
  ];
  const headings = [pointColumns, ...sections.map(([, figures]) => figures.map(headingOf))];
  const rows = results.map((result) => {
    const {driver, operation, sizeBytes, depth, queues, guests} = result.point;
    const point = [driver, operation, formatSize(sizeBytes), ...[depth, queues, guests].map(String)];
    if (result.state !== 'done') return [point, [textOf(result)]];
    return [point, ...sections.map(([, figures]) => figures.map(({value}) => formatFigure(value(result))))];
  });
  const whole = [headings, ...rows.filter((row) => row.length === headings.length)];
  const widths = headings.map((group, g) => group.map((_, c) => Math.max(...whole.map((row) => row[g][c].length))));
  const line = (row: readonly (readonly string[])[]): string =>
    row
      .map((group, g) => group.map((cell, c) => cell.padStart(widths[g][c] ?? 0)).join('  '))
      .join(' | ')
      .trimEnd();
  const spans = widths.map((group) => group.reduce((sum, width) => sum + width + 2, -2));
  const titles = [device, ...sections.map(([title]) => title)].map((title, g) => title.padEnd(spans[g]));
  return [titles.join(' | ').trimEnd(), line(headings), ...rows.map(line)].join('\n');
};

const headingOf = ({name, unit}: Figure): string => (unit === '' ? name : `${name}, ${unit}`);

const textOf = (result: Exclude<PointResult, {state: 'done'}>): string =>
  result.state === 'failed' ? `failed: ${result.reason}` : 'not run';
