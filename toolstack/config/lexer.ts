import {END_TEXT, type DiagnosticLog, type ErrorSite} from './diagnostics.ts';
import {dequote} from './escapes.ts';

/** Token names as the messages spell them. */
export type TokenKind =
  '$end' | 'IDENT' | 'STRING' | 'NUMBER' | 'NEWLINE' | '+=' | "'='" | "','" | "'['" | "']'" | "';'";

export type Token = ErrorSite & {kind: TokenKind; text: string};

const IDENT = /[a-z][._0-9a-z]*/y;
const NUMBER = /[0-9][0-9a-fx]*/y;
const COMMENT = /#[^\n]*\n/y;
const JUNK = /[^ \t\n]*/y;
/** Junk that begins with one of these looks like Python. The comma belongs to the set but is a token. */
const PYTHON_MARKS = '+-.():';

const PUNCTUATION: Readonly<Record<string, TokenKind>> = {',': "','", '[': "'['", ']': "']'", '=': "'='", ';': "';'"};

/**
 * Cuts an xl.cfg text into tokens. Junk is reported and skipped; the caller sees the tokens around it.
 * @see xl-cfg-keys.json, file_grammar.tokens
 */
export class Lexer {
  readonly #text: string;
  readonly #log: DiagnosticLog;
  readonly #lastNewline: number;
  #offset = 0;
  #line = 1;
  #lineStart = 0;
  /** The end of input reports the line of the token before it. */
  #lastTokenLine = 1;
  #last: ErrorSite = {near: '', line: 1, column: 1, scannerLine: 1};

  constructor(text: string, log: DiagnosticLog) {
    this.#text = text;
    this.#lastNewline = text.lastIndexOf('\n');
    this.#log = log;
  }

  next(): Token {
    for (;;) {
      const token = this.#match();
      if (token === undefined) continue;
      this.#lastTokenLine = token.scannerLine;
      this.#last = token;
      return token;
    }
  }

  /** What the last call of next() matched, for errors found while a rule is reduced. */
  get site(): ErrorSite {
    const {near, line, column} = this.#last;
    return {near, line, column, scannerLine: this.#line};
  }

  #match(): Token | undefined {
    let char = this.#text.charAt(this.#offset);
    while (char === ' ' || char === '\t') char = this.#text.charAt(++this.#offset);
    if (char === '') return this.#end(END_TEXT);
    if (char === '\n') return this.#newline('\n');
    if (char === '#') return this.#comment() ?? this.#junk(char);
    if (char === '"' || char === "'") return this.#string(char);
    if (this.#text.startsWith('+=', this.#offset)) return this.#token('+=', '+=');
    const punctuation = PUNCTUATION[char];
    if (punctuation !== undefined) return this.#token(punctuation, char);
    return (
      this.#pattern(IDENT, (near) => this.#token('IDENT', near)) ??
      this.#pattern(NUMBER, (near) => this.#token('NUMBER', near)) ??
      this.#junk(char)
    );
  }

  /** A comment takes its newline along; without one it is junk. */
  #comment(): Token | undefined {
    return this.#offset < this.#lastNewline ? this.#pattern(COMMENT, (near) => this.#newline(near)) : undefined;
  }

  #pattern(pattern: RegExp, found: (near: string) => Token): Token | undefined {
    pattern.lastIndex = this.#offset;
    const match = pattern.exec(this.#text);
    return match === null ? undefined : found(match[0]);
  }

  #siteOf(near: string): ErrorSite {
    return {near, line: this.#line, column: this.#offset - this.#lineStart + 1, scannerLine: this.#line};
  }

  #token(kind: TokenKind, near: string, text = near): Token {
    const column = this.#offset - this.#lineStart + 1;
    this.#offset += near.length;
    return {near, line: this.#line, column, scannerLine: this.#line, kind, text};
  }

  #newline(near: string): Token {
    const token = this.#token('NEWLINE', near);
    this.#startLine();
    return token;
  }

  #startLine(): void {
    this.#line++;
    this.#lineStart = this.#offset;
  }

  #end(near: string): Token {
    return {...this.#siteOf(near), kind: '$end', text: near, scannerLine: this.#lastTokenLine};
  }

  #string(quote: string): Token | undefined {
    const close = this.#closingQuote(quote);
    if (close === undefined) return this.#junk(quote);
    const near = this.#text.slice(this.#offset, close + 1);
    // After an error no value matters any more, and xl stops looking for bad escapes.
    if (this.#log.failed) return this.#token('STRING', near);
    const result = dequote(near);
    if ('error' in result) this.#log.lexicalError(this.#siteOf(near), result.error);
    return this.#token('STRING', near, 'text' in result ? result.text : '');
  }

  /** A string ends on its own line; a backslash hides any character but a newline. */
  #closingQuote(quote: string): number | undefined {
    for (let at = this.#offset + 1; at < this.#text.length; at++) {
      const char = this.#text.charAt(at);
      if (char === quote) return at;
      if (char === '\n') return undefined;
      if (char === '\\' && this.#text.charAt(++at) === '\n') return undefined;
    }
    return undefined;
  }

  /**
   * Reports the text up to the next blank. A single character of junk goes unnoticed at the end of the file, and takes
   * the newline along at the end of a line.
   */
  #junk(first: string): Token | undefined {
    if (PYTHON_MARKS.includes(first)) this.#log.likelyPython = true;
    JUNK.lastIndex = this.#offset + 1;
    const rest = JUNK.exec(this.#text)?.[0] ?? '';
    const near = first + rest;
    const after = this.#text.charAt(this.#offset + near.length);
    if (rest === '' && after === '') return this.#junkAtEnd(near);
    if (rest === '' && after === '\n') return this.#junkAtNewline(near);
    this.#log.lexicalError(this.#siteOf(near), 'lexical error');
    this.#offset += near.length;
    return undefined;
  }

  #junkAtEnd(near: string): Token {
    const token = this.#end(near + END_TEXT);
    this.#offset += near.length;
    return token;
  }

  /** The real scanner counts the line before it reports, so it also drops the errors of the line that follows. */
  #junkAtNewline(near: string): Token {
    const site = {...this.#siteOf(`${near}\n`), scannerLine: this.#line + 1};
    this.#log.lexicalError(site, 'lexical error');
    this.#offset += near.length + 1;
    this.#startLine();
    return {...site, kind: 'NEWLINE', text: '\n'};
  }
}
