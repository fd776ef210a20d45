import {type BenchResults, modelNameOf} from '../result.ts';
import {WIDTH} from './canvas.ts';
import {donePoints} from './done-points.ts';
import {mainPlots} from './device-plots.ts';
import {HEIGHT} from './line-plot.ts';

const COLUMNS = 2;
const GAP = 28;
const MARGIN = 16;
const ink = 'svg{color:#1f2328}@media(prefers-color-scheme:dark){svg{color:#e6edf3}}';

/** Throughput by size, of all devices side by side: a picture that stands alone. */
export const mainPlot = (results: BenchResults): string => {
  const plots = mainPlots(donePoints(results), modelNameOf(results));
  const columns = Math.min(COLUMNS, plots.length);
  const width = 2 * MARGIN + columns * (WIDTH + GAP) - GAP;
  const height = 2 * MARGIN + Math.ceil(plots.length / COLUMNS) * (HEIGHT + GAP) - GAP;
  const placed = plots.map((svg, i) => {
    const x = MARGIN + (i % COLUMNS) * (WIDTH + GAP);
    const y = MARGIN + Math.floor(i / COLUMNS) * (HEIGHT + GAP);
    return `<g transform="translate(${x},${y})">${svg}</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"><style>${ink}</style>${placed.join('')}</svg>\n`;
};
