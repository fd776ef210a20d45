import {escapeMarkup} from '../../conform/report/escape.ts';
import {countedFigures, type Figure, formatFigure, formatSize, measuredFigures, modelledFigures} from '../figures.ts';
import type {PointResult} from '../result.ts';

interface Section {
  /** Of its cells, for the style. */
  readonly kind: 'counted' | 'modelled' | 'measured';
  readonly title: (list: string) => string;
  readonly figures: readonly Figure[];
}

const sections: readonly Section[] = [
  {kind: 'counted', title: () => 'counted an I/O', figures: countedFigures},
  {kind: 'modelled', title: (list) => `modelled by ${list}`, figures: modelledFigures},
  {kind: 'measured', title: () => 'measured in pvsim here', figures: measuredFigures},
];

/** Points with all their figures, or why there are none. */
export const pointTable = (results: readonly PointResult[], list: string): string => {
  const titles = sections.map(
    ({kind, title, figures}) => `<th class="${kind}" colspan="${figures.length}">${escapeMarkup(title(list))}</th>`,
  );
  const headings = sections.flatMap(({kind, figures}) =>
    figures.map(({name, unit}) => `<th class="${kind}">${name}${unit === '' ? '' : `<small> ${unit}</small>`}</th>`),
  );
  return `<div class="scroll"><table>
<thead><tr><th colspan="6">point</th>${titles.join('')}</tr>
<tr>${['driver', 'op', 'size', 'depth', 'queues', 'guests'].map((name) => `<th>${name}</th>`).join('')}${headings.join('')}</tr></thead>
<tbody>
${results.map(row).join('\n')}
</tbody></table></div>`;
};

const row = (result: PointResult): string => {
  const {driver, operation, sizeBytes, depth, queues, guests} = result.point;
  const cells = [driver, operation, formatSize(sizeBytes), depth, queues, guests].map(
    (cell) => `<td>${escapeMarkup(String(cell))}</td>`,
  );
  return `<tr>${cells.join('')}${figuresOf(result)}</tr>`;
};

const figuresOf = (result: PointResult): string => {
  if (result.state === 'done')
    return sections
      .flatMap(({kind, figures}) => figures.map(({value}) => `<td class="${kind}">${formatFigure(value(result))}</td>`))
      .join('');
  const columns = sections.reduce((sum, {figures}) => sum + figures.length, 0);
  const text = result.state === 'failed' ? `failed: ${result.reason}` : 'not run';
  return `<td class="missing" colspan="${columns}">${escapeMarkup(text)}</td>`;
};
