import * as Plot from '@observablehq/plot';
import {formatFigure} from '../figures.ts';
import type {DonePoint} from '../result.ts';
import {document, formatTick, HEAD_GAP, style, WIDTH} from './canvas.ts';
import {headHeight, withHead} from './legend.ts';
import type {CostGroup} from './palette.ts';

const BAR_HEIGHT = 34;
/** A bar so much longer than the others is cut. */
const MOST_LONGER = 4;

export interface BarPlot {
  readonly title: string;
  readonly label: string;
  readonly bars: readonly {readonly name: string; readonly point: DonePoint}[];
  readonly groups: readonly CostGroup[];
  readonly value: (point: DonePoint, group: CostGroup) => number;
}

/** A bar a driver, in parts, with its sum behind it. One that is far longer than the others is cut. */
export const barPlot = ({title, label, bars, groups, value}: BarPlot): string => {
  const rows = bars.flatMap(({name, point}) =>
    groups.map((group) => ({name, group: group.name, value: value(point, group)})).filter((row) => row.value > 0),
  );
  const sums = bars.map(({name}) => ({
    name,
    sum: rows.filter((row) => row.name === name).reduce((sum, row) => sum + row.value, 0),
  }));
  const limit = lengthShown(sums.map(({sum}) => sum));
  const used = groups.filter(({name}) => rows.some((row) => row.group === name));
  const top = headHeight(used, WIDTH) + HEAD_GAP;
  const svg = Plot.plot({
    document,
    style,
    width: WIDTH,
    height: top + bars.length * BAR_HEIGHT + 50,
    marginTop: top,
    marginLeft: 104,
    marginRight: 84,
    marginBottom: 46,
    x: {
      label,
      labelAnchor: 'center',
      labelArrow: 'none',
      labelOffset: 42,
      grid: true,
      domain: [0, limit],
      ticks: 6,
      tickFormat: formatTick,
    },
    y: {label: null, domain: bars.map(({name}) => name), padding: 0.25},
    color: {domain: used.map(({name}) => name), range: used.map(({color}) => color)},
    marks: [
      Plot.barX(rows, {
        x: 'value',
        y: 'name',
        z: 'group',
        fill: 'group',
        clip: true,
        title: (row: (typeof rows)[number]) => `${row.name}: ${formatFigure(row.value)} ${row.group}`,
        order: used.map(({name}) => name),
      }),
      Plot.text(sums, {
        x: ({sum}: {sum: number}) => Math.min(sum, limit),
        y: 'name',
        text: ({sum}: {sum: number}) => (sum > limit ? `${formatFigure(sum)} (cut)` : formatFigure(sum)),
        textAnchor: 'start',
        dx: 6,
      }),
      Plot.ruleX([0]),
    ],
  });
  return withHead(svg.outerHTML, title, used, WIDTH);
};

/** The longest bar, or a bit more than the next one where that would be lost beside it. */
const lengthShown = (sums: readonly number[]): number => {
  const [longest, next = longest] = sums.toSorted((a, b) => b - a);
  return longest > MOST_LONGER * next ? 1.25 * next : longest;
};
