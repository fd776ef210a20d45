import type {Step} from '../verdict.ts';

const TIME_WIDTH = 12;
const GAP = ' | ';

/** Both sides' steps side by side: the implementation under test on the left, the peer on the right. */
export const sideBySide = (steps: readonly Step[], columns: number): string => {
  const width = Math.max(30, Math.floor((columns - TIME_WIDTH - 2 * GAP.length) / 2));
  const row = (time: string, left: string, right: string): string =>
    `${time.padStart(TIME_WIDTH)}${GAP}${left.padEnd(width)}${GAP}${right}`.trimEnd();
  const cut = (what: string): string => (what.length > width ? `${what.slice(0, width - 3)}...` : what);
  return [
    row('ns', 'implementation', 'peer'),
    ...steps.map(({timeNs, who, what}) =>
      row(String(timeNs), who === 'iut' ? cut(what) : '', who === 'peer' ? cut(what) : ''),
    ),
  ].join('\n');
};
