import {nearNames} from '../../../hypervisor/abi/near-names.ts';
import {ConfigError} from '../config-error.ts';
import {KEYS, type KeyKind, OWN_KEYS} from '../key-catalogue.ts';
import type {Setting} from '../settings.ts';
import {parseVifSpec} from '../vif-spec.ts';
import type {Finding} from './finding.ts';

/** What is known of a setting beside its value. */
export type SettingContext = {
  setting: Setting;
  all: ReadonlyMap<string, Setting>;
  /** The text from the value's first character to the end of its line. */
  source: string;
};

type Rule = (context: SettingContext) => Finding[];

const at = (
  {line, column}: {line: number; column: number},
  severity: Finding['severity'],
  message: string,
  suggestion?: string,
): Finding => ({severity, line, column, message, ...(suggestion !== undefined && {suggestion})});

const unknownKey: Rule = ({setting}) => {
  if (KEYS.has(setting.key) || OWN_KEYS.has(setting.key)) return [];
  const [near] = nearNames(setting.key, [...KEYS.keys()], 1);
  return [at(setting, 'warning', `xl knows no key \`${setting.key}'`, near && `did you mean \`${near}'?`)];
};

const IS_LIST: Readonly<Record<KeyKind, boolean | undefined>> = {
  text: false,
  number: false,
  boolean: false,
  list: true,
  lists: true,
  either: undefined,
};

const wrongKind: Rule = ({setting: {key, value}}) => {
  const kind = KEYS.get(key)?.kind ?? 'either';
  const wanted = IS_LIST[kind];
  if (wanted === undefined || wanted === (value.kind === 'list') || key === 'bootloader_args') return [];
  return value.kind === 'list'
    ? [at(value, 'error', `\`${key}' is a list but should be a single value: xl ignores it`)]
    : [at(value, 'error', `\`${key}' is a single value but should be a list: xl ignores it`, `write ${key} = [ ... ]`)];
};

const bareNumber: Rule = ({setting: {key, value}, source}) => {
  if (value.kind !== 'string' || KEYS.get(key)?.kind !== 'text' || !/^[0-9]/.test(source)) return [];
  return [at(value, 'warning', `\`${key}' is a string, this is a number`, `write ${key} = "${value.text}"`)];
};

const UNITS = /^\s*\d+\s*(?:[kmgt]i?b?)\s*$/i;

const badNumber: Rule = ({setting: {key, value, operator}}) => {
  const kind = KEYS.get(key)?.kind;
  if (value.kind !== 'string' || (kind !== 'number' && kind !== 'boolean')) return [];
  if (operator === '+=') return [at(value, 'error', `\`${key}' is a number: += cannot add to it`, 'use =')];
  if (/^\s*[+-]?(?:0[xX][0-9a-fA-F]+|\d+)$/.test(value.text)) return octal(key, value);
  const advice = UNITS.test(value.text) ? 'numbers have no unit; sizes of memory are in MiB' : undefined;
  return [at(value, 'error', `\`${key}' is not a valid number: xl ignores it`, advice)];
};

const octal = (key: string, value: Setting['value'] & {kind: 'string'}): Finding[] => {
  if (!/^\s*[+-]?0\d/.test(value.text)) return [];
  const isNumber = /^\s*[+-]?0[0-7]+$/.test(value.text);
  return isNumber
    ? [at(value, 'warning', `\`${key}' is read in base 8: ${Number.parseInt(value.text, 8)}`, 'drop the leading 0')]
    : [at(value, 'error', `\`${key}' is not a valid number: xl ignores it`, 'drop the leading 0')];
};

/** xl reads a list of strings up to the first item that is none. */
const ignoredItems: Rule = ({setting: {key, value}}) => {
  if (value.kind !== 'list' || KEYS.get(key)?.kind !== 'list') return [];
  const nested = value.items.find((item) => item.kind === 'list');
  return nested
    ? [at(nested, 'warning', `xl stops reading \`${key}' at this list: it and what follows is ignored`)]
    : [];
};

type OldSpelling = {key: string; message?: string; write: string; when?: (context: SettingContext) => boolean};

const isText = ({setting}: SettingContext): boolean => setting.value.kind === 'string';
const isNumeral = ({source}: SettingContext): boolean => /^["']?\d/.test(source);
const hasCmdline = ({all}: SettingContext): boolean => all.has('cmdline');
const whole = 'cmdline= is the whole command line';

const OLD_SPELLINGS: readonly OldSpelling[] = [
  {key: 'builder', write: 'write type = "hvm" or type = "pv"'},
  {key: 'vif2', write: 'xl has no netchannel2: use vif'},
  {key: 'altp2mhvm', write: 'write altp2m = "mixed"'},
  {key: 'device_model', write: 'use device_model_override'},
  {key: 'bootloader_args', write: 'write a list of arguments', when: isText},
  {key: 'tsc_mode', write: 'use the name of the mode', when: isNumeral},
  {key: 'timer_mode', write: 'use the name of the mode', when: isNumeral},
  {key: 'root', message: "xl ignores `root'", write: whole, when: hasCmdline},
  {key: 'extra', message: "xl ignores `extra'", write: whole, when: hasCmdline},
];

const oldSpelling: Rule = (context) =>
  OLD_SPELLINGS.filter(({key, when}) => key === context.setting.key && (when?.(context) ?? true)).map(
    ({key, message = `old spelling \`${key}'`, write}) => at(context.setting, 'warning', message, write),
  );

const OLD_DISK_PREFIX = /^(?:raw|qcow2?|vhd|tap2?|tapdisk|aio|ioemu|file|phy|iscsi|e?nbd|drbd):/;

const oldDiskPrefix: Rule = ({setting: {key, value}}) => {
  if (key !== 'disk' || value.kind !== 'list') return [];
  return value.items
    .filter((item) => item.kind === 'string' && OLD_DISK_PREFIX.test(item.text))
    .map((item) =>
      at(item, 'warning', 'old spelling of a disk', 'write "format=raw, vdev=xvda, access=rw, target=PATH"'),
    );
};

/** What xl prints about an interface without its place; a bad rate ends the reading and is reported with it. */
const vifComplaints: Rule = ({setting: {key, value}}) => {
  if (key !== 'vif' || value.kind !== 'list') return [];
  return value.items.flatMap((item) => {
    if (item.kind === 'list') return [];
    try {
      return parseVifSpec(item.text).warnings.map((warning) => at(item, 'warning', `xl says: ${warning}`));
    } catch (error) {
      if (error instanceof ConfigError) return [];
      throw error;
    }
  });
};

/** The rules of one setting that xl itself does not state. */
export const SETTING_RULES: readonly Rule[] = [
  unknownKey,
  wrongKind,
  bareNumber,
  badNumber,
  ignoredItems,
  oldSpelling,
  oldDiskPrefix,
  vifComplaints,
];
