import type {Diagnostic} from '../config-error.ts';
import type {Finding} from './finding.ts';

/** Advice for a line that the grammar does not take; the first pattern that fits the line speaks. */
const HINTS: readonly (readonly [pattern: RegExp, suggestion: string])[] = [
  [
    /^\s*(?:import|from|def|class|if|elif|else|for|while|try|except|print|return)\b/,
    'xl runs no Python: write plain settings',
  ],
  [/\r/, 'the file has carriage returns: convert its line ends'],
  [/=\s*(?:True|False)\b/, 'write 1 or 0'],
  [/=\s*None\b/, 'leave the setting out'],
  [/=\s*\(/, 'a list is written in square brackets'],
  [/=\s*\{|^\s*[\w'"]+\s*:/, 'there are no dictionaries: write key = value'],
  [/^\s*[\w.]*-[-\w.]*\s*\+?=/, 'a key has no hyphen'],
  [/^\s*\w*[A-Z]\w*\s*\+?=/, 'keys are in lower case'],
  [/^\s*[a-z][\w.]*\s*\+?=\s*(?:#.*)?$/, 'the value begins on the line of its key'],
  [/["']\s*\+\s*["']|["']\s*%/, 'strings are not joined by operators: write one string'],
  [/=\s*-\d/, 'put a negative number in quotes'],
  [/=\s*[A-Za-z/]/, 'put the string in quotes'],
  [/\\x|\\[0-9]/, 'write the character itself: xl does not read this escape'],
];

const hintFor = (line: string): string | undefined => HINTS.find(([pattern]) => pattern.test(line))?.[1];

/** The parser's message without the place and the word that every one has. */
const shortMessage = (text: string): string => /config parsing error (near .*)$/s.exec(text)?.[1] ?? text;

export const syntaxFindings = (diagnostics: readonly Diagnostic[], lines: readonly string[]): Finding[] =>
  diagnostics.map(({text, line, column}) => {
    const suggestion = unfinished(text, line, lines) ?? hintFor(lines[line - 1] ?? '');
    return {severity: 'error', line, column, message: shortMessage(text), ...(suggestion && {suggestion})};
  });

const unfinished = (text: string, line: number, lines: readonly string[]): string | undefined => {
  if (/unexpected \$end, expecting '\]'/.test(text)) return "a list is not closed: `]' is missing";
  const isLast = line === lines.length;
  return isLast && (lines[line - 1] ?? '').trimStart().startsWith('#')
    ? 'end the last line with a newline: xl takes no comment without one'
    : undefined;
};
