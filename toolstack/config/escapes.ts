import {strtoul} from './c-numbers.ts';

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  '\\': '\\',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** An octal escape looks at so many characters after its first digit, and needs two of them to be a number. */
const OCTAL_WINDOW = 3;
const OCTAL_MINIMUM = 2;

export type Dequoted = {text: string} | {error: string};

/**
 * The value of a quoted string. Numeric escapes are as broken as in xl 4.17: `\x` never works, and an octal escape,
 * whose digits are read as decimal, is swallowed without yielding a character.
 * @see xl-cfg-keys.json, file_grammar.escapes.real_bugs
 */
export const dequote = (quoted: string): Dequoted => {
  const end = quoted.length - 1;
  let text = '';
  let from = 1;
  for (;;) {
    const backslash = quoted.indexOf('\\', from);
    if (backslash === -1 || backslash >= end) return {text: text + quoted.slice(from, end)};
    text += quoted.slice(from, backslash);
    const escape = readEscape(quoted, backslash + 1);
    if ('error' in escape) return escape;
    text += escape.text;
    from = escape.next;
  }
};

const readEscape = (quoted: string, at: number): {text: string; next: number} | {error: string} => {
  const letter = quoted.charAt(at);
  const simple = SIMPLE_ESCAPES[letter];
  if (simple !== undefined) return {text: simple, next: at + 1};
  if (letter === 'x') return {error: badDigit('hex')};
  if (letter < '0' || letter > '7') return {error: 'invalid character after backlash in quoted string'};
  const {length} = strtoul(quoted.slice(at + 1, at + 1 + OCTAL_WINDOW), 10);
  return length < OCTAL_MINIMUM ? {error: badDigit('octal')} : {text: '', next: at + 1 + length};
};

const badDigit = (kind: string): string =>
  `invalid digit after backslash ${kind}numerical character escape in quoted string`;
