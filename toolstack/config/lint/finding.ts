export type Severity = 'error' | 'warning' | 'note';

/** What the linter says about one place. Line and column count from 1. */
export type Finding = {severity: Severity; line: number; column: number; message: string; suggestion?: string};

/** The word, number or quoted string that begins at a column (from 1); at least one character. */
const lengthAt = (line: string, column: number): number => {
  const rest = line.slice(column - 1);
  const [token] = /^(?:"[^"]*"?|'[^']*'?|[\w.]+|.)/.exec(rest) ?? [''];
  return Math.max(1, token.length);
};

/** `file:line:column: severity: message`, the line, and a caret below its place; suggestions come last. */
export const renderFinding = (finding: Finding, fileName: string, lines: readonly string[]): string => {
  const {severity, line, column, message, suggestion} = finding;
  const text = (lines[line - 1] ?? '').replaceAll('\r', '\\r');
  // Tabs stay tabs, so that the caret stands where the terminal shows the place.
  const indent = text.slice(0, column - 1).replaceAll(/[^\t]/g, ' ');
  const caret = `${indent}^${'~'.repeat(lengthAt(text, column) - 1)}`;
  const shown = [`${fileName}:${line}:${column}: ${severity}: ${message}`, `  ${text}`, `  ${caret}`];
  return (suggestion === undefined ? shown : [...shown, `  ${suggestion}`]).join('\n');
};
