import {ConfigError} from '../config-error.ts';
import {parseConfig} from '../grammar.ts';
import {SettingReader} from '../setting-reader.ts';
import {rawValue, type ParsedConfig, type RawValue, type Setting} from '../settings.ts';

/** A number as xl reads it, or why it cannot. */
export type NumberFact = bigint | {errno: 'EINVAL' | 'ERANGE'; message: string};

/** What libxlu's callers see of a text. `lines` holds the line of each setting's last assignment. */
export type ParseFacts =
  | {
      ok: true;
      errno: 'OK';
      messages: readonly string[];
      settings: Record<string, RawValue>;
      lines: Record<string, number>;
      as_number: Record<string, NumberFact>;
    }
  | {ok: false; errno: 'EINVAL'; messages: readonly string[]};

export const parseFacts = (text: string, fileName: string): ParseFacts => {
  try {
    return settingFacts(parseConfig(text, fileName));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    // The last line is xl's own, not the parser's.
    return {ok: false, errno: 'EINVAL', messages: error.lines.slice(0, -1)};
  }
};

const settingFacts = (parsed: ParsedConfig): ParseFacts => {
  const settings = [...parsed.settings.values()];
  const byKey = <T>(fact: (setting: Setting) => T): Record<string, T> =>
    Object.fromEntries(settings.map((setting) => [setting.key, fact(setting)]));
  const atoms = settings.filter(({value}) => value.kind === 'string');
  return {
    ok: true,
    errno: 'OK',
    messages: [],
    settings: byKey(({value}) => rawValue(value)),
    lines: byKey(({line}) => line),
    as_number: Object.fromEntries(atoms.map(({key}) => [key, numberFact(parsed, key)])),
  };
};

const numberFact = (parsed: ParsedConfig, key: string): NumberFact => {
  const reader = new SettingReader(parsed);
  const value = reader.integer(key);
  if (typeof value === 'bigint') return value;
  const [message] = reader.warnings;
  return {errno: message.endsWith('out of range') ? 'ERANGE' : 'EINVAL', message};
};
