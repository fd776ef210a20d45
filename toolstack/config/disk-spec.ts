import {atoi} from './c-numbers.ts';
import {ConfigError} from './config-error.ts';

export type DiskFormat = 'raw' | 'qcow' | 'qcow2' | 'vhd' | 'qed' | 'empty';
export type DiskBackendType = 'phy' | 'tap' | 'qdisk' | 'standalone';

/** One disk as its specification says; what the specification leaves open stays undefined. */
export type DiskConfig = {
  /** Path or identifier, handed to the backend as it stands (`/srv/x.img`, `ram:64M`); undefined or '' for an empty drive. */
  target?: string;
  /** Device name or number in the guest. @see vdevToNumber */
  vdev: string;
  format: DiskFormat;
  readwrite: boolean;
  cdrom: boolean;
  removable: boolean;
  directIoSafe: boolean;
  /** Name or number of the domain that runs the backend; undefined means dom0. */
  backend?: string;
  backendType?: DiskBackendType;
  script?: string;
  discard?: boolean;
  trusted?: boolean;
  specification?: 'xen' | 'virtio';
  grantUsage?: boolean;
  colo?: DiskColo;
};

/** Replication settings, carried but not used. */
export type DiskColo = {
  enable?: boolean;
  host?: string;
  port?: number;
  export?: string;
  activeDisk?: string;
  hiddenDisk?: string;
};

type StringField = 'target' | 'vdev' | 'script' | 'backend' | 'coloHost' | 'coloExport' | 'activeDisk' | 'hiddenDisk';

const FORMATS: readonly string[] = ['raw', 'qcow', 'qcow2', 'vhd', 'qed', 'empty'];
const BACKEND_TYPES: readonly string[] = ['phy', 'tap', 'qdisk', 'standalone'];
const SPECIFICATIONS: readonly string[] = ['xen', 'virtio'];
const ACCESS: Readonly<Record<string, boolean>> = {r: false, ro: false, w: true, rw: true, '': true};

/** Longest specification that is looked at, in UTF-16 units. */
const SPEC_MAX = 16 * 1024;

/** What is known so far; a message for every mistake. */
type State = {
  source: string;
  spec: string;
  messages: string[];
  strings: Partial<Record<StringField, string>>;
  format?: string;
  backendType?: string;
  specification?: string;
  readwrite: boolean;
  accessSet: boolean;
  cdrom: boolean;
  directIoSafe: boolean;
  discard?: boolean;
  trusted?: boolean;
  grantUsage?: boolean;
  coloEnable?: boolean;
  coloPort?: number;
  /** An old prefix was seen: there is no positional slot for the format then. */
  oldPrefix: boolean;
};

/** Takes the matched text; true ends the reading of this string. */
type Action = (state: State, text: string) => boolean | void;

type Rule = {pattern: RegExp; act: Action};

/** The rule's token is group 1; the rest of the match only has to follow, but counts for the length. */
const rule = (pattern: string, act: Action): Rule => ({pattern: new RegExp(pattern, 'y'), act});

const flag = (words: string, act: (state: State) => void): Rule => rule(`((?:${words}),?)`, act);

const keyValue = (key: string, act: (state: State, value: string) => void): Rule =>
  rule(`(${key}=[^,]*,?)`, (state, text) => act(state, valueOf(text)));

const stringKey = (key: string, field: StringField): Rule =>
  keyValue(key, (state, value) => setString(state, field, key, value));

const prefix = (words: string, act: (state: State, word: string) => void): Rule =>
  rule(`((?:${words}):)[^\\n]*`, (state, text) => {
    state.oldPrefix = true;
    act(state, text.slice(0, -1));
  });

/**
 * The longest match wins, the first of equals. An old prefix counts as if it matched the whole line, so it beats the
 * positional rule.
 * @see xl-disk-configuration(5); xl-cfg-keys.json, device_specs.disk.rules
 */
const RULES: readonly Rule[] = [
  rule('([ \\t\\n]+)(?:[^ \\t\\n][^\\n]*)?', () => {}),
  keyValue('format', (state, value) => setFormat(state, value)),
  flag('cdrom|devtype=cdrom', (state) => void (state.cdrom = true)),
  flag('devtype=disk', (state) => void (state.cdrom = false)),
  rule('(devtype=[^,]*,?)', (state, text) => complain(state, 'unknown value for type', text)),
  keyValue('access', (state, value) => setAccess(state, value)),
  stringKey('backend', 'backend'),
  keyValue('backendtype', (state, value) => setChoice(state, 'backendType', 'backend', BACKEND_TYPES, value)),
  keyValue('specification', (state, value) =>
    setChoice(state, 'specification', 'specification', SPECIFICATIONS, value),
  ),
  stringKey('vdev', 'vdev'),
  stringKey('script', 'script'),
  flag('direct-io-safe', (state) => void (state.directIoSafe = true)),
  flag('discard', (state) => void (state.discard = true)),
  flag('no-discard', (state) => void (state.discard = false)),
  flag('colo', (state) => void (state.coloEnable = true)),
  flag('no-colo', (state) => void (state.coloEnable = false)),
  stringKey('colo-host', 'coloHost'),
  keyValue('colo-port', (state, value) => setColoPort(state, value)),
  stringKey('colo-export', 'coloExport'),
  stringKey('active-disk', 'activeDisk'),
  stringKey('hidden-disk', 'hiddenDisk'),
  flag('trusted', (state) => void (state.trusted = true)),
  flag('untrusted', (state) => void (state.trusted = false)),
  flag('grant_usage=1', (state) => void (state.grantUsage = true)),
  flag('grant_usage=0', (state) => void (state.grantUsage = false)),
  rule('(target=[^\\n]*)', (state, text) => setString(state, 'target', 'target', valueOf(text))),
  rule('([a-z][-a-z0-9]*=[^,],?)', (state, text) => complain(state, 'unknown parameter', text)),
  prefix('raw|qcow2?|vhd', (state, word) => setFormat(state, word)),
  prefix('iscsi|e?nbd|drbd', (state, word) => setString(state, 'script', 'script', `block-${word}`)),
  prefix('tapdisk|tap2?|aio|ioemu|file|phy', () => {}),
  rule('([a-z][a-z0-9]*:)(?:[^a-z0-9][^\\n]*)?', (state, text) => {
    complain(state, 'unknown deprecated disk prefix', text);
    return true;
  }),
  rule('([^=,]*,|[^=,]+,?)', (state, text) => positional(state, withoutComma(text))),
];

/**
 * Reads one disk, given as the string of a disk=[] item or as several strings of an xl command line.
 * @param source the file name, or "command line", that messages begin with
 * @throws ConfigError with xl's messages
 */
export const parseDiskSpec = (specs: string | readonly string[], source = 'command line'): DiskConfig => {
  const state = initialState(source);
  for (const spec of typeof specs === 'string' ? [specs] : specs) {
    state.spec = spec;
    scan(state);
    throwIfBad(state);
  }
  return finish(state);
};

const initialState = (source: string): State => ({
  source,
  spec: '',
  messages: [],
  strings: {},
  readwrite: true,
  accessSet: false,
  cdrom: false,
  directIoSafe: false,
  oldPrefix: false,
});

const throwIfBad = ({messages, source}: State): void => {
  if (messages.length > 0) throw new ConfigError(messages, {file: source});
};

const scan = (state: State): void => {
  if (state.spec.length > SPEC_MAX) return complain(state, 'specification too long');
  for (let at = 0; at < state.spec.length;) {
    const best = longestMatch(state.spec, at);
    if (best === undefined) return badSyntax(state, at);
    if (best.act(state, best.text) === true) return;
    at += best.text.length;
  }
};

const longestMatch = (spec: string, at: number): {act: Action; text: string} | undefined => {
  let best: {act: Action; text: string} | undefined;
  let bestLength = 0;
  for (const {pattern, act} of RULES) {
    pattern.lastIndex = at;
    const match = pattern.exec(spec);
    if (match === null || match[0].length <= bestLength) continue;
    bestLength = match[0].length;
    best = {act, text: match[1]};
  }
  return best;
};

/** A stray `=`. The scanner needs one more character to notice it. */
const badSyntax = (state: State, at: number): void => {
  const rest = state.spec.slice(at);
  const [line] = rest.split('\n', 1);
  if (rest.length > 1) complain(state, 'bad disk syntax', line);
};

const complain = (state: State, message: string, near?: string): void => {
  const where = near === undefined ? '' : `: near \`${near}'`;
  state.messages.push(
    `${state.source}: config parsing error in disk specification: ${message}${where} in \`${state.spec}'`,
  );
};

const withoutComma = (text: string): string => (text.endsWith(',') ? text.slice(0, -1) : text);

const valueOf = (text: string): string => withoutComma(text).slice(text.indexOf('=') + 1);

const setString = (state: State, field: StringField, name: string, value: string): void => {
  if (state.strings[field]) complain(state, `${name} respecified`, value);
  else state.strings[field] = value;
};

const setChoice = (
  state: State,
  field: 'format' | 'backendType' | 'specification',
  name: string,
  choices: readonly string[],
  value: string,
  near = value,
): void => {
  if (!choices.includes(value)) complain(state, `unknown value for ${field.toLowerCase()}`, near);
  else if (state[field] !== undefined && state[field] !== value) complain(state, `${name} respecified`, near);
  else state[field] = value;
};

const setFormat = (state: State, text: string): void =>
  setChoice(state, 'format', 'format', FORMATS, text === '' ? 'raw' : text, text);

const setAccess = (state: State, value: string): void => {
  const readwrite = Object.hasOwn(ACCESS, value) ? ACCESS[value] : undefined;
  if (readwrite === undefined) complain(state, 'unknown value for access', value);
  else state.readwrite = readwrite;
};

const setColoPort = (state: State, value: string): void => {
  const port = atoi(value);
  if (port === 0) complain(state, 'unknown value for colo_port', value);
  else state.coloPort = port;
};

/** A parameter without a name fills the first of target, format, vdev and access that is not set. */
const positional = (state: State, text: string): boolean => {
  const {strings} = state;
  if (state.messages.length > 0) return false;
  if (strings.target === undefined) setString(state, 'target', 'target', text);
  else if (!state.oldPrefix && state.format === undefined) positionalFormat(state, text);
  else if (strings.vdev === undefined) positionalVdev(state, text);
  else if (!state.accessSet) {
    state.accessSet = true;
    setAccess(state, text);
  } else {
    complain(state, 'too many positional parameters', text);
    return true;
  }
  return false;
};

/** Without a target the format's slot may hold the device already, as in `,hdc:cdrom,r`. */
const positionalFormat = (state: State, text: string): void => {
  if (state.strings.target === '' && text.includes(':')) {
    positionalVdev(state, text);
    state.format = 'empty';
  } else setFormat(state, text);
};

/** `vdev` or `vdev:devtype`. */
const positionalVdev = (state: State, text: string): void => {
  const colon = text.lastIndexOf(':');
  if (colon === -1) return setString(state, 'vdev', 'vdev', text);
  setString(state, 'vdev', 'vdev', text.slice(0, colon));
  const type = text.slice(colon + 1);
  if (type === 'cdrom' || type === 'disk') state.cdrom = type === 'cdrom';
  else complain(state, 'unknown deprecated type', type);
};

const finish = (state: State): DiskConfig => {
  const {cdrom, strings, messages} = state;
  const {target, vdev} = strings;
  if (vdev === undefined) complain(state, 'no vdev specified');
  else if (target === undefined && !cdrom) complain(state, 'no target specified (and device not removable)');
  if (vdev === undefined || messages.length > 0) throw new ConfigError(messages, {file: state.source});
  const empty = cdrom && !target;
  return withoutUndefined<DiskConfig>({
    target,
    vdev,
    format: (empty ? 'empty' : (state.format ?? 'raw')) as DiskFormat,
    readwrite: state.readwrite && !cdrom,
    cdrom,
    removable: cdrom,
    directIoSafe: state.directIoSafe,
    backend: strings.backend,
    backendType: state.backendType as DiskBackendType | undefined,
    script: strings.script,
    discard: state.discard,
    trusted: state.trusted,
    specification: state.specification as 'xen' | 'virtio' | undefined,
    grantUsage: state.grantUsage,
    colo: coloOf(state),
  });
};

const coloOf = (state: State): DiskColo | undefined => {
  const {coloHost, coloExport, activeDisk, hiddenDisk} = state.strings;
  const colo = withoutUndefined<DiskColo>({
    enable: state.coloEnable,
    host: coloHost,
    port: state.coloPort,
    export: coloExport,
    activeDisk,
    hiddenDisk,
  });
  return Object.keys(colo).length === 0 ? undefined : colo;
};

/** Drops absent fields, so that a config compares equal after a trip through JSON. */
const withoutUndefined = <T extends object>(object: {[K in keyof T]: T[K] | undefined}): T =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
