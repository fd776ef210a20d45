import {escapeMarkup} from '../../conform/report/escape.ts';

/** What a colour stands for. */
export interface Swatch {
  readonly name: string;
  readonly color: string;
}

/** Of a character of 12 px, on average. */
const CHARACTER = 6.6;
const LEFT = 8;
const GAP = 32;
const TITLE_HEIGHT = 24;
const ROW_HEIGHT = 19;
/** More digits than a picture has use for. */
const LONG_NUMBER = /\d+\.\d{3,}/g;

interface Entry extends Swatch {
  readonly x: number;
  readonly row: number;
}

/** From left to right, in as many rows as it takes. */
const layOut = (swatches: readonly Swatch[], width: number): Entry[] => {
  let [x, row] = [LEFT, 0];
  return swatches.map((swatch) => {
    const own = GAP + swatch.name.length * CHARACTER;
    if (x > LEFT && x + own > width) [x, row] = [LEFT, row + 1];
    const entry = {...swatch, x, row};
    x += own;
    return entry;
  });
};

/** What a title and a legend take of a plot's height. */
export const headHeight = (swatches: readonly Swatch[], width: number): number =>
  TITLE_HEIGHT + ((layOut(swatches, width).at(-1)?.row ?? 0) + 1) * ROW_HEIGHT;

/** Puts a title and a legend on top of a plot, within its SVG: a plot is a whole wherever it is shown. */
export const withHead = (svg: string, title: string, swatches: readonly Swatch[], width: number): string => {
  const entries = layOut(swatches, width).map(({name, color, x, row}) => {
    const y = TITLE_HEIGHT + row * ROW_HEIGHT + 11;
    return `<circle cx="${x + 5}" cy="${y - 4}" r="5" fill="${color}"/><text x="${x + 14}" y="${y}">${escapeMarkup(name)}</text>`;
  });
  const head = `<g text-anchor="start"><text y="14" font-weight="600" font-size="14">${escapeMarkup(title)}</text>${entries.join('')}</g>`;
  return svg.replaceAll(LONG_NUMBER, (number) => Number(number).toFixed(2)).replace(/<\/svg>$/, `${head}</svg>`);
};
