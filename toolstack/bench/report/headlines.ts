import {escapeMarkup} from '../../conform/report/escape.ts';
import {drivers} from '../drivers/index.ts';
import {formatFigure, formatSize} from '../figures.ts';
import type {BenchPoint} from '../point.ts';
import type {DonePoint} from '../result.ts';

interface Duel {
  readonly pv: DonePoint;
  readonly rival: DonePoint;
}

/** By how much the plain paravirtual driver is ahead of each emulated device, at the most that both have done. */
export const headlines = (points: readonly DonePoint[], list: string): string => {
  const largest = new Map<string, Duel>();
  for (const rival of points.filter(isEmulated)) {
    const pv = points.find(({point}) => point.driver === 'pv' && isSame(point, rival.point));
    const {device, operation, driver} = rival.point;
    const key = `${device} ${operation} ${driver}`;
    if (pv !== undefined && isLarger(rival.point, largest.get(key)?.rival.point)) largest.set(key, {pv, rival});
  }
  if (largest.size === 0) return '';
  return `<div class="tiles">\n${[...largest.values()].map(tile).join('\n')}\n</div>
<p class="note">Throughput modelled by ${escapeMarkup(list)}, at the largest size and depth that both drivers have done.</p>`;
};

const tile = ({pv, rival}: Duel): string => {
  const factor = pv.modelled.throughputPerSec / rival.modelled.throughputPerSec;
  const {device, operation, sizeBytes, depth, driver} = rival.point;
  const what = `${device} ${operation}, ${formatSize(sizeBytes)}${depth === 1 ? '' : `, depth ${depth}`}`;
  return `<div class="tile"><b>${formatFigure(factor)}&times;</b><span>${escapeMarkup(what)}<br>pv over ${escapeMarkup(driver)}</span></div>`;
};

const isEmulated = ({point}: DonePoint): boolean =>
  drivers.some(({device, name, kind}) => kind === 'emulated' && device === point.device && name === point.driver);

const isSame = (a: BenchPoint, b: BenchPoint): boolean =>
  (['device', 'operation', 'sizeBytes', 'depth', 'queues', 'guests'] as const).every((key) => a[key] === b[key]);

const isLarger = (a: BenchPoint, b: BenchPoint | undefined): boolean =>
  b === undefined || a.sizeBytes > b.sizeBytes || (a.sizeBytes === b.sizeBytes && a.depth > b.depth);
