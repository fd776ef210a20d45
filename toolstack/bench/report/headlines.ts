import {escapeMarkup} from '../../conform/report/escape.ts';
import {drivers} from '../drivers/index.ts';
import {formatFigure, formatSize} from '../figures.ts';
import type {BenchPoint} from '../point.ts';
import type {DonePoint} from '../result.ts';

/** By how much the plain paravirtual driver is ahead of each emulated device, at the largest size that both have done. */
export const headlines = (points: readonly DonePoint[], list: string): string => {
  const tiles = points.filter(isRival).flatMap((rival) => {
    const pv = points.find(({point}) => point.driver === 'pv' && isSame(point, rival.point));
    const isLargest = !points.some(
      ({point}) =>
        point.driver === rival.point.driver &&
        isSameButSize(point, rival.point) &&
        point.sizeBytes > rival.point.sizeBytes,
    );
    return pv === undefined || !isLargest ? [] : [tile(pv, rival)];
  });
  if (tiles.length === 0) return '';
  return `<div class="tiles">\n${tiles.join('\n')}\n</div>\n<p class="note">Throughput modelled by ${escapeMarkup(list)}, one I/O at a time; exits of the guest counted.</p>`;
};

const tile = (pv: DonePoint, rival: DonePoint): string => {
  const factor = pv.modelled.throughputPerSec / rival.modelled.throughputPerSec;
  const {device, operation, sizeBytes, driver} = rival.point;
  return `<div class="tile"><b>${formatFigure(factor)}&times;</b><span>${escapeMarkup(`${device} ${operation}, ${formatSize(sizeBytes)}`)}<br>pv over ${escapeMarkup(driver)}</span></div>`;
};

const isRival = ({point}: DonePoint): boolean =>
  point.depth === 1 &&
  drivers.some(({device, name, kind}) => kind === 'emulated' && device === point.device && name === point.driver);

const isSame = (a: BenchPoint, b: BenchPoint): boolean => isSameButSize(a, b) && a.sizeBytes === b.sizeBytes;

const isSameButSize = (a: BenchPoint, b: BenchPoint): boolean =>
  (['device', 'operation', 'depth', 'queues', 'guests'] as const).every((key) => a[key] === b[key]);
