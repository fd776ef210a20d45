import {strtol} from './c-numbers.ts';
import {ConfigError} from './config-error.ts';
import type {ConfigValue, ParsedConfig, Setting} from './settings.ts';

/** Why a setting could not be read: it is not there, or it has the wrong kind (and a warning said so). */
export type Unread = 'absent' | 'invalid';

const LONG_MIN = -(2n ** 63n);
const LONG_MAX = 2n ** 63n - 1n;

export type NumberBounds = {min?: bigint; max?: bigint};

/**
 * Reads settings by key the way libxlu does: a setting of the wrong kind is warned about and counts as not set. Each
 * read of a bad setting warns again, as in the real program.
 */
export class SettingReader {
  readonly fileName: string;
  /** Lines for stderr so far. */
  readonly warnings: string[] = [];
  readonly #settings: ParsedConfig['settings'];

  constructor({fileName, settings}: ParsedConfig) {
    this.fileName = fileName;
    this.#settings = settings;
  }

  warn(...lines: string[]): void {
    this.warnings.push(...lines);
  }

  /** Ends the reading: warnings so far, then these lines. */
  fail(key: string, lines: readonly string[], exitCode?: number): ConfigError {
    const setting = this.#settings.get(key);
    return this.failAt(setting, lines, exitCode);
  }

  failAt(place: {line: number; column: number} | undefined, lines: readonly string[], exitCode?: number): ConfigError {
    const more = exitCode === undefined ? {} : {exitCode};
    return new ConfigError(
      [...this.warnings, ...lines],
      {file: this.fileName, ...(place && {line: place.line, column: place.column})},
      more,
    );
  }

  /** A line that begins with the place of a setting. */
  at(key: string, text: string): string {
    const setting = this.#settings.get(key);
    return setting === undefined ? text : `${this.fileName}:${setting.line}: ${text}`;
  }

  has(key: string): boolean {
    return this.#find(key) !== undefined;
  }

  string(key: string): string | undefined {
    return this.#atom(key, false)?.text;
  }

  /** A number; beyond 2^53 the value is rounded. `quiet` suppresses the warning about a wrong kind. */
  number(key: string, options: {quiet?: boolean} = {}): number | undefined {
    const value = this.integer(key, {}, options);
    return typeof value === 'bigint' ? Number(value) : undefined;
  }

  boolean(key: string): boolean | undefined {
    const value = this.integer(key);
    return typeof value === 'bigint' ? value !== 0n : undefined;
  }

  integer(key: string, bounds: NumberBounds = {}, {quiet = false} = {}): bigint | Unread {
    if (!this.has(key)) return 'absent';
    const atom = this.#atom(key, quiet);
    if (atom === undefined) return 'invalid';
    const checked = toInteger(atom.text, atom.setting, bounds);
    if (typeof checked === 'bigint') return checked;
    if (!quiet) this.#warnAbout(atom.setting, checked.problem);
    return 'invalid';
  }

  list(key: string, {quiet = false} = {}): readonly ConfigValue[] | undefined {
    const setting = this.#find(key);
    if (setting === undefined) return undefined;
    if (setting.value.kind === 'list') return setting.value.items;
    if (!quiet) this.#warnAbout(setting, `parameter \`${key}' is a single value but should be a list`);
    return undefined;
  }

  /** The strings of a list up to the first item that is a list itself; that is where xl stops without a word. */
  strings(key: string, options: {quiet?: boolean} = {}): StringItem[] | undefined {
    const items = this.list(key, options);
    if (items === undefined) return undefined;
    const end = items.findIndex(({kind}) => kind === 'list');
    return (end === -1 ? items : items.slice(0, end)) as StringItem[];
  }

  #find(key: string): Setting | undefined {
    return this.#settings.get(key);
  }

  #atom(key: string, quiet: boolean): {text: string; setting: Setting} | undefined {
    const setting = this.#find(key);
    if (setting === undefined) return undefined;
    if (setting.value.kind === 'string') return {text: setting.value.text, setting};
    if (!quiet) this.#warnAbout(setting, `parameter \`${key}' is a list but should be a single value`);
    return undefined;
  }

  #warnAbout({line}: Setting, problem: string): void {
    this.warn(`${this.fileName}:${line}: warning: ${problem}`);
  }
}

export type StringItem = Extract<ConfigValue, {kind: 'string'}>;

const toInteger = (text: string, {key, operator}: Setting, bounds: NumberBounds): bigint | {problem: string} => {
  if (operator === '+=') return {problem: `can't use += with numbers for parameter \`${key}'`};
  const {value, length, overflow} = strtol(text, 0);
  if (overflow) {
    return {problem: `parameter \`${key}' could not be parsed as a number: Numerical result out of range`};
  }
  if (length === 0 || length !== text.length) return {problem: `parameter \`${key}' is not a valid number`};
  const {min = LONG_MIN, max = LONG_MAX} = bounds;
  if (value < min) return {problem: `value \`${value}' is smaller than minimum bound '${min}'`};
  if (value > max) return {problem: `value \`${value}' is greater than maximum bound '${max}'`};
  return value;
};
