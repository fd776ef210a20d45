import {ConfigError} from '../config-error.ts';
import {DiagnosticLog} from '../diagnostics.ts';
import {parseConfig} from '../grammar.ts';
import {Lexer} from '../lexer.ts';
import {domainConfig} from '../parse-domain.ts';
import type {ParsedConfig} from '../settings.ts';
import type {Finding} from './finding.ts';
import {SETTING_RULES} from './setting-rules.ts';
import {syntaxFindings} from './syntax-hints.ts';

/** Everything worth saying about an xl.cfg text, by line: what xl refuses, ignores or deprecates, and what pvsim does. */
export const lintConfig = (text: string, fileName: string): Finding[] => {
  const lines = text.split('\n');
  let parsed: ParsedConfig;
  try {
    parsed = parseConfig(text, fileName);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.diagnostics.length > 0 ? syntaxFindings(error.diagnostics, lines) : [refusal(error)];
  }
  const findings = [...repeated(text, fileName), ...settingFindings(parsed, lines), ...domainFindings(parsed)];
  return findings.sort((a, b) => a.line - b.line || a.column - b.column);
};

const settingFindings = ({settings}: ParsedConfig, lines: readonly string[]): Finding[] =>
  [...settings.values()].flatMap((setting) => {
    const {line, column} = setting.value;
    const source = (lines[line - 1] ?? '').slice(column - 1);
    return SETTING_RULES.flatMap((rule) => rule({setting, all: settings, source}));
  });

/** What xl says when it reads the settings, and what pvsim makes of them. */
const domainFindings = (parsed: ParsedConfig): Finding[] => {
  try {
    const {ignored} = domainConfig(parsed, {random: () => 0});
    return ignored.flatMap(({key, line, column, reason}): Finding[] => {
      if (reason === 'unknown') return [];
      const message = reason === 'refused' ? `pvsim refuses \`${key}'` : `\`${key}' has no effect in pvsim`;
      return [{severity: reason === 'refused' ? 'error' : 'note', line, column, message}];
    });
  } catch (error) {
    if (error instanceof ConfigError) return [refusal(error)];
    throw error;
  }
};

const refusal = (error: ConfigError): Finding => ({
  severity: 'error',
  line: error.line ?? 1,
  column: error.column ?? 1,
  message: `xl refuses: ${(error.lines.at(-1) ?? '').replace(/^[^ ]*: config parsing error in /, '')}`,
});

/** Assignments that a later one of the same key makes void; xl takes the last without a word. */
const repeated = (text: string, fileName: string): Finding[] => {
  const last = new Map<string, {line: number; column: number}>();
  const findings: Finding[] = [];
  for (const {key, line, column, appends} of assignments(text, fileName)) {
    const before = last.get(key);
    if (before !== undefined && !appends) {
      const message = `\`${key}' is set again in line ${line}: this value is lost`;
      findings.push({severity: 'warning', ...before, message});
    }
    last.set(key, {line, column});
  }
  return findings;
};

type Assignment = {key: string; line: number; column: number; appends: boolean};

/** The assignments of a text without syntax errors, in their order. */
const assignments = (text: string, fileName: string): Assignment[] => {
  const lexer = new Lexer(text, new DiagnosticLog(fileName));
  const found: Assignment[] = [];
  for (let token = lexer.next(); token.kind !== '$end'; token = lexer.next()) {
    if (token.kind !== 'IDENT') continue;
    const {text: key, line, column} = token;
    found.push({key, line, column, appends: lexer.next().kind === '+='});
  }
  return found;
};
