/** What an xl.cfg file says, before anything knows what the keys mean. */

/** A value is a string (numbers are kept as text) or a list; line and column, from 1, are those of its first token. */
export type ConfigValue = {line: number; column: number} & (
  {kind: 'string'; text: string} | {kind: 'list'; items: readonly ConfigValue[]}
);

export type Operator = '=' | '+=';

export type Setting = {
  key: string;
  value: ConfigValue;
  /** The operator of the last assignment: a number made with += cannot be read as a number. */
  operator: Operator;
  line: number;
  column: number;
};

/** The settings in force, in the order of their last assignment. */
export type Settings = ReadonlyMap<string, Setting>;

export type ParsedConfig = {fileName: string; settings: Settings};

/** A setting without places: what JSON can carry. */
export type RawValue = string | readonly RawValue[];

export const rawValue = (value: ConfigValue): RawValue =>
  value.kind === 'string' ? value.text : value.items.map(rawValue);
