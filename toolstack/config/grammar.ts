import {ConfigError} from './config-error.ts';
import {DiagnosticLog} from './diagnostics.ts';
import {Lexer, type Token, type TokenKind} from './lexer.ts';
import type {ConfigValue, Operator, ParsedConfig, Setting} from './settings.ts';

/** Lists may nest this deep. The real parser's stack gives up at about two thousand. */
const DEPTH_MAX = 1000;
/** Longest text that is looked at, in UTF-16 units. */
const TEXT_MAX = 1024 * 1024;

const STATEMENT_START: readonly TokenKind[] = ['$end', 'IDENT', 'NEWLINE', "';'"];
const OPERATORS: readonly TokenKind[] = ['+=', "'='"];
const VALUE_START: readonly TokenKind[] = ['STRING', 'NUMBER', "'['"];

/** After a syntax error so many tokens must be read in order before the next one is reported. */
const RECOVERY_TOKENS = 3;

/**
 * Reads an xl.cfg text. Only the grammar is checked, not what keys mean.
 * @throws ConfigError with the lines xl prints, all diagnostics, and the place of the first.
 */
export const parseConfig = (text: string, fileName: string): ParsedConfig => {
  if (text.length > TEXT_MAX) throw new ConfigError([`${fileName}: config file too large`], {file: fileName});
  const log = new DiagnosticLog(fileName);
  const settings = new Parser(new Lexer(text, log), log).run();
  if (!log.failed) return {fileName, settings};
  const {line, column} = log.diagnostics[0];
  throw new ConfigError(
    [...log.lines, 'Failed to parse config: Invalid argument'],
    {file: fileName, line, column},
    {diagnostics: log.diagnostics},
  );
};

/**
 * The text that xl parses when its command line has `key=value` arguments: each becomes a line after the file's text.
 * @see xl-cfg-keys.json, file_grammar.command_line
 */
export const withOverrides = (text: string, overrides: readonly string[]): string =>
  overrides.length === 0 ? text : `${text}\n${overrides.map((line) => `${line}\n`).join('')}\n`;

/** The rest of the file cannot be read; what is wrong has been reported. */
const ABORT = Symbol('abort');
/** A statement was bad and has been skipped. */
const BAD = Symbol('bad');

/**
 * Recursive descent that keeps the habits of the bison parser it stands for: which tokens it expects where (a state
 * that reduces by default forgets the alternatives), what it looks at before it reduces, and how it recovers.
 */
class Parser {
  readonly #lexer: Lexer;
  readonly #log: DiagnosticLog;
  readonly #settings = new Map<string, Setting>();
  #lookahead: Token | undefined;
  #recovering = 0;

  constructor(lexer: Lexer, log: DiagnosticLog) {
    this.#lexer = lexer;
    this.#log = log;
  }

  run(): Map<string, Setting> {
    while (this.#peek().kind !== '$end') {
      const outcome = this.#statement();
      if (outcome === ABORT) break;
      if (outcome === BAD && !this.#skipLine()) break;
    }
    return this.#settings;
  }

  #peek(): Token {
    return (this.#lookahead ??= this.#lexer.next());
  }

  #shift(): Token {
    const token = this.#peek();
    this.#lookahead = undefined;
    if (this.#recovering > 0) this.#recovering--;
    return token;
  }

  #shiftIf(...kinds: TokenKind[]): boolean {
    const found = kinds.includes(this.#peek().kind);
    if (found) this.#shift();
    return found;
  }

  #unexpected(expected: readonly TokenKind[]): typeof BAD {
    const token = this.#peek();
    const message = `syntax error, unexpected ${token.kind}, expecting ${expected.join(' or ')}`;
    if (this.#recovering === 0) this.#log.syntaxError(token, message);
    return BAD;
  }

  /** Drops everything up to and including the next newline; false at the end of the file. */
  #skipLine(): boolean {
    this.#recovering = RECOVERY_TOKENS;
    for (;;) {
      const {kind} = this.#peek();
      if (kind === '$end') return false;
      if (kind === 'NEWLINE') break;
      this.#lookahead = undefined;
    }
    this.#shift();
    return true;
  }

  #statement(): typeof ABORT | typeof BAD | undefined {
    if (this.#shiftIf('NEWLINE', "';'")) return undefined;
    if (this.#peek().kind !== 'IDENT') return this.#unexpected(STATEMENT_START);
    const outcome = this.#assignment();
    if (outcome !== undefined) return outcome;
    if (this.#shiftIf('NEWLINE', "';'") || this.#peek().kind === '$end') return undefined;
    // By now the file has been reduced to a whole: only its end may follow, and there is no rule to recover by.
    this.#unexpected(['$end']);
    return ABORT;
  }

  #assignment(): typeof ABORT | typeof BAD | undefined {
    const key = this.#shift();
    const {kind} = this.#peek();
    if (kind !== '+=' && kind !== "'='") return this.#unexpected(OPERATORS);
    this.#shift();
    const value = this.#value(0);
    if (value === ABORT || value === BAD) return value;
    this.#store(key, kind === '+=' ? '+=' : '=', value);
    return undefined;
  }

  #value(depth: number): ConfigValue | typeof ABORT | typeof BAD {
    const {kind, line, column} = this.#peek();
    if (kind === 'STRING' || kind === 'NUMBER') return {kind: 'string', text: this.#shift().text, line, column};
    if (kind !== "'['") return this.#unexpected(VALUE_START);
    this.#shift();
    if (depth === DEPTH_MAX) {
      this.#log.syntaxError(this.#lexer.site, 'memory exhausted');
      return ABORT;
    }
    const items = this.#items(depth + 1);
    if (items === ABORT || items === BAD) return items;
    if (!this.#shiftIf("']'")) return this.#unexpected(["']'"]);
    return {kind: 'list', items, line, column};
  }

  #items(depth: number): ConfigValue[] | typeof ABORT | typeof BAD {
    const items: ConfigValue[] = [];
    this.#skipNewlines();
    while (VALUE_START.includes(this.#peek().kind)) {
      const value = this.#value(depth);
      if (value === ABORT || value === BAD) return value;
      items.push(value);
      this.#skipNewlines();
      if (!this.#shiftIf("','")) break;
      this.#skipNewlines();
    }
    return items;
  }

  #skipNewlines(): void {
    while (this.#shiftIf('NEWLINE'));
  }

  #store(key: Token, operator: Operator, added: ConfigValue): void {
    if (this.#log.failed) return;
    const before = operator === '+=' ? this.#settings.get(key.text)?.value : undefined;
    const value = before === undefined ? added : concatenate(before, added);
    if (value === undefined) {
      this.#log.lexicalError(this.#lexer.site, 'can\'t add [list] to "string" or vice versa');
      return;
    }
    this.#settings.delete(key.text);
    this.#settings.set(key.text, {key: key.text, value, operator, line: key.line, column: key.column});
  }
}

const concatenate = (before: ConfigValue, added: ConfigValue): ConfigValue | undefined => {
  if (before.kind === 'string' && added.kind === 'string') return {...added, text: before.text + added.text};
  if (before.kind === 'list' && added.kind === 'list') return {...added, items: [...before.items, ...added.items]};
  return undefined;
};
