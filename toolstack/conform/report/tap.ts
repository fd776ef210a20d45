import {type ConformReport, explanation, replayCommand} from './report.ts';
import {standingOf} from './standing.ts';

const directives: Partial<Record<string, string>> = {
  inconclusive: ' # SKIP',
  deviates: ' # TODO deviates from a profile that was not asked for:',
};

/** @see testanything.org, version 14 */
export const tapReport = (reports: readonly ConformReport[]): string => {
  const results = reports.flatMap(({results: own, profiles}) => own.map((result) => ({result, profiles})));
  const lines = ['TAP version 14', `1..${results.length}`];
  results.forEach(({result, profiles}, i) => {
    const standing = standingOf(result, profiles);
    const ok = standing === 'pass' || standing === 'inconclusive' ? 'ok' : 'not ok';
    const directive = directives[standing];
    const about = directive === undefined ? '' : `${directive} ${oneLine(explanation(result))}`;
    lines.push(`${ok} ${i + 1} - ${result.iut}: ${result.check}${about}`);
    if (ok === 'not ok') {
      const fields = {
        verdict: standing,
        seen: result.seen,
        due: result.due,
        reason: result.reason,
        replay: replayCommand(result),
      };
      const known = Object.entries(fields).filter(([, value]) => value !== undefined);
      lines.push('  ---', ...known.map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`), '  ...');
    }
  });
  return `${lines.join('\n')}\n`;
};

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').replaceAll('#', String.raw`\#`);
