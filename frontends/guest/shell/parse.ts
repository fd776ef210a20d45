/** A word of a command: literal text and places where the last exit status goes. */
export type Piece = {text: string} | {status: true};
export type Word = readonly Piece[];

/** One command of a line. `when`: whatever the last one returned, or only after success, or failure. */
export interface Step {
  when: 'always' | 'success' | 'failure';
  words: readonly Word[];
}

type Token = {word: Piece[]} | {operator: string};

const whenAfter: Readonly<Record<string, Step['when']>> = {';': 'always', '&&': 'success', '||': 'failure'};

/** A line that cannot be read; the message is for the user. */
export class ShellSyntaxError extends Error {
  constructor(message: string) {
    super(`syntax error: ${message}`);
    this.name = 'ShellSyntaxError';
  }
}

/**
 * Reads a line of commands joined by `;`, `&&` and `||`, with quotes, backslashes, `$?` and comments as in sh. Pipes,
 * redirections and the rest of sh are refused. Throws ShellSyntaxError.
 */
export const parseShellLine = (line: string): Step[] => {
  const steps: Step[] = [];
  let when: Step['when'] = 'always';
  let pending = '';
  let words: Word[] = [];
  for (const token of tokenize(line)) {
    if ('word' in token) {
      words.push(token.word);
      continue;
    }
    if (words.length === 0) throw new ShellSyntaxError(`"${token.operator}" unexpected`);
    steps.push({when, words});
    words = [];
    when = whenAfter[token.operator];
    pending = token.operator;
  }
  if (words.length > 0) steps.push({when, words});
  else if (pending === '&&' || pending === '||') throw new ShellSyntaxError(`"${pending}" without a command after it`);
  return steps;
};

/** The words with the last exit status filled in. */
export const expandWords = (words: readonly Word[], status: number): string[] =>
  words.map((word) => word.map((piece) => ('text' in piece ? piece.text : String(status))).join(''));

const tokenize = (line: string): Token[] => {
  const tokens: Token[] = [];
  let word: Piece[] | undefined;
  const add = (piece: Piece): void => void (word ??= []).push(piece);
  const endWord = (): void => {
    if (word !== undefined) tokens.push({word});
    word = undefined;
  };
  for (let at = 0; at < line.length;) {
    const ch = line[at];
    if (/\s/.test(ch)) {
      endWord();
      at++;
    } else if (ch === '#' && word === undefined) break;
    else if (isOperatorChar(ch)) {
      endWord();
      const operator = readOperator(line, at);
      tokens.push({operator});
      at += operator.length;
    } else if (ch === "'") {
      const end = closingQuote(line, at);
      add({text: line.slice(at + 1, end)});
      at = end + 1;
    } else if (ch === '"') at = readDoubleQuoted(line, at, add);
    else at = readPlain(line, at, '\\', add);
  }
  endWord();
  return tokens;
};

const isOperatorChar = (ch: string): boolean => ';&|<>()`'.includes(ch);

const readOperator = (line: string, at: number): string => {
  const two = line.slice(at, at + 2);
  const operator = two in whenAfter ? two : line[at];
  if (operator in whenAfter) return operator;
  throw new ShellSyntaxError(`"${operator}" is not supported by this shell`);
};

const closingQuote = (line: string, at: number): number => {
  const end = line.indexOf(line[at], at + 1);
  if (end < 0) throw new ShellSyntaxError('unterminated quoted string');
  return end;
};

const readDoubleQuoted = (line: string, start: number, add: (piece: Piece) => void): number => {
  add({text: ''});
  for (let at = start + 1; at < line.length;) {
    if (line[at] === '"') return at + 1;
    at = readPlain(line, at, '"\\$', add);
  }
  throw new ShellSyntaxError('unterminated quoted string');
};

/** One character, escape or `$?` at `at`; returns where it ends. Outside quotes a backslash escapes anything. */
const readPlain = (line: string, at: number, escapable: string, add: (piece: Piece) => void): number => {
  if (line.startsWith('$?', at)) {
    add({status: true});
    return at + 2;
  }
  const next = line.at(at + 1);
  const isEscape = line[at] === '\\' && next !== undefined && (escapable === '\\' || escapable.includes(next));
  add({text: isEscape ? next : line[at]});
  return at + (isEscape ? 2 : 1);
};
