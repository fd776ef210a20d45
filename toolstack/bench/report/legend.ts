import {escapeMarkup} from '../../conform/report/escape.ts';

/** What a colour stands for. */
export interface Swatch {
  readonly name: string;
  readonly color: string;
}

/** Of a character of 12 px, on average. */
const CHARACTER = 7;
const LEFT = 8;
const TITLE_Y = 14;
const LEGEND_Y = 34;

/** More digits than a picture has use for. */
const LONG_NUMBER = /\d+\.\d{3,}/g;

/** Puts a title and a legend on top of a plot, within its SVG: a plot is a whole wherever it is shown. */
export const withLegend = (
  svg: string,
  {title, swatches}: {readonly title: string; readonly swatches: readonly Swatch[]},
): string => {
  let x = LEFT;
  const entries = swatches.map(({name, color}) => {
    const at = x;
    x += 26 + name.length * CHARACTER;
    return `<circle cx="${at + 5}" cy="${LEGEND_Y - 4}" r="5" fill="${color}"/><text x="${at + 14}" y="${LEGEND_Y}">${escapeMarkup(name)}</text>`;
  });
  const head = `<g text-anchor="start"><text x="0" y="${TITLE_Y}" font-weight="600" font-size="14">${escapeMarkup(title)}</text>${entries.join('')}</g>`;
  return svg.replaceAll(LONG_NUMBER, (number) => Number(number).toFixed(2)).replace(/<\/svg>$/, `${head}</svg>`);
};
