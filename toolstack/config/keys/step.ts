import type {HostTopology} from '../cpu-list.ts';
import type {DomainConfig} from '../domain-config.ts';
import type {SettingReader} from '../setting-reader.ts';
import type {JsonObject, JsonValue} from '../yajl.ts';

/** A domain configuration that is being read. */
export type Draft = Partial<Omit<DomainConfig, 'libxl' | 'disks' | 'vifs'>> &
  Pick<DomainConfig, 'disks' | 'vifs'> & {libxl: DraftFields; devices: Record<string, JsonObject[]>};

export type DraftFields = Record<
  'createInfo' | 'buildInfo' | 'typeInfo' | 'archArm' | 'archX86' | 'schedParams',
  MutableJson
>;

export type MutableJson = {[key: string]: JsonValue | undefined};

export type Context = {
  readonly reader: SettingReader;
  readonly draft: Draft;
  readonly random: () => number;
  readonly topology: HostTopology;
};

/**
 * Reads one key, or a few that depend on each other. Steps run in the order in which xl reads the keys, so that
 * warnings come in its order.
 */
export type Step = (context: Context) => void;

/**
 * How a value is read:
 * - `string`: as it stands
 * - `number`: any number
 * - `count`: a number whose default is 0 and that is not kept then
 * - `kib`: a number of MiB, kept in KiB
 * - `boolean`: a number, false when 0
 */
export type Kind = 'string' | 'number' | 'count' | 'kib' | 'boolean';

/** Where a value goes: a typed field of the configuration, or a path below one of libxl's structures. */
export type Target = keyof DomainConfig | `${keyof DraftFields}.${string}`;

/** The step for a key that needs nothing beyond being read. */
export const field =
  (key: string, kind: Kind, target: Target): Step =>
  ({reader, draft}) => {
    const value = READERS[kind](reader, key);
    if (value !== undefined) store(draft, target, value);
  };

const READERS: Readonly<Record<Kind, (reader: SettingReader, key: string) => string | number | boolean | undefined>> = {
  string: (reader, key) => reader.string(key),
  number: (reader, key) => reader.number(key),
  count: (reader, key) => reader.number(key) || undefined,
  kib: (reader, key) => {
    const mib = reader.integer(key);
    // A negative size wraps to a huge one, which then finds no memory.
    return typeof mib === 'bigint' ? Number(BigInt.asUintN(64, mib * 1024n)) : undefined;
  },
  boolean: (reader, key) => reader.boolean(key),
};

export const store = (draft: Draft, target: Target, value: string | number | boolean): void => {
  const [group, ...path] = target.split('.');
  if (path.length === 0) {
    Object.assign(draft, {[target]: value});
    return;
  }
  let node: MutableJson = draft.libxl[group as keyof DraftFields];
  for (const name of path.slice(0, -1)) node = (node[name] ??= {}) as MutableJson;
  node[path.at(-1) as string] = typeof value === 'boolean' ? defboolText(value) : value;
};

export const defboolText = (value: boolean): string => (value ? 'True' : 'False');

/**
 * The step for a key with a fixed set of names, compared without case as libxl does. The first name is libxl's default
 * and not kept.
 * @param refuse xl's message for another value
 */
export const choice =
  (key: string, names: readonly string[], target: Target, refuse: (value: string) => string, exitCode?: number): Step =>
  ({reader, draft}) => {
    const value = reader.string(key);
    if (value === undefined) return;
    const name = value.toLowerCase();
    if (!names.includes(name)) throw reader.fail(key, [refuse(value)], exitCode);
    if (name !== names[0]) store(draft, target, name);
  };

export type ModeOptions = {
  /** A number is fine; xl discourages it otherwise. */
  numbersAreFine?: boolean;
  /** What xl prints about a name that was given. */
  announce?: (name: string) => string;
  /** The name that is libxl's default and not kept. */
  unset?: string;
};

/** The step for a mode that may be given by name or by number. */
export const mode =
  (key: string, names: readonly string[], target: Target, options: ModeOptions = {}): Step =>
  ({reader, draft}) => {
    const number = reader.number(key, {quiet: true});
    const text = number === undefined ? reader.string(key) : undefined;
    const given = number ?? text;
    if (given === undefined) return;
    if (text !== undefined && options.announce) reader.warn(options.announce(text));
    if (number !== undefined && !options.numbersAreFine) reader.warn(discouraged(key, names[number]));
    const name = typeof given === 'number' ? names[given] : given.toLowerCase();
    if (!names.includes(name)) throw reader.fail(key, [invalidValue(key)(given)]);
    if (name !== options.unset) store(draft, target, name);
  };

const discouraged = (key: string, name: string | undefined): string => {
  const example = name === undefined ? '' : `e.g. ${key}="${name}"`;
  return `WARNING: specifying "${key}" as an integer is deprecated. Please use the named parameter variant. ${example}`;
};

export const invalidValue =
  (key: string) =>
  (value: string | number): string =>
    typeof value === 'number'
      ? `ERROR: invalid value ${value} for "${key}"`
      : `ERROR: invalid value "${value}" for "${key}"`;

/** A step that only one kind of guest has. */
export const only =
  (type: DomainConfig['type'], ...steps: Step[]): Step =>
  (context) => {
    if (context.draft.type === type) for (const step of steps) step(context);
  };

/** xl exits with libxl's error number negated. */
export const EXIT_LIBXL_FAIL = 3;
