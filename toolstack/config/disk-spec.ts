import {ConfigError} from './config-error.ts';
import type {DiskBackendType, DiskColo, DiskConfig, DiskFormat} from './disk-config.ts';
import {
  complain,
  initialState,
  positional,
  setAccess,
  setBackendType,
  setColoPort,
  setFormat,
  setSpecification,
  setString,
  type DiskState,
  type StringField,
} from './disk-state.ts';

/** Longest specification that is looked at, in UTF-16 units. */
const SPEC_MAX = 16 * 1024;

/** Takes the matched text; true ends the reading of this string. */
type Action = (state: DiskState, text: string) => boolean | void;

type Rule = {pattern: RegExp; act: Action};

/** The rule's token is group 1; the rest of the match only has to follow, but counts for the length. */
const rule = (pattern: string, act: Action): Rule => ({pattern: new RegExp(pattern, 'y'), act});

const flag = (words: string, act: (state: DiskState) => void): Rule => rule(`((?:${words}),?)`, act);

const keyValue = (key: string, act: (state: DiskState, value: string) => void): Rule =>
  rule(`(${key}=[^,]*,?)`, (state, text) => act(state, valueOf(text)));

const stringKey = (key: string, field: StringField): Rule =>
  keyValue(key, (state, value) => setString(state, field, key, value));

const prefix = (words: string, act: (state: DiskState, word: string) => void): Rule =>
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
  keyValue('format', setFormat),
  flag('cdrom|devtype=cdrom', (state) => void (state.cdrom = true)),
  flag('devtype=disk', (state) => void (state.cdrom = false)),
  rule('(devtype=[^,]*,?)', (state, text) => complain(state, 'unknown value for type', text)),
  keyValue('access', setAccess),
  stringKey('backend', 'backend'),
  keyValue('backendtype', setBackendType),
  keyValue('specification', setSpecification),
  stringKey('vdev', 'vdev'),
  stringKey('script', 'script'),
  flag('direct-io-safe', (state) => void (state.directIoSafe = true)),
  flag('discard', (state) => void (state.discard = true)),
  flag('no-discard', (state) => void (state.discard = false)),
  flag('colo', (state) => void (state.coloEnable = true)),
  flag('no-colo', (state) => void (state.coloEnable = false)),
  stringKey('colo-host', 'coloHost'),
  keyValue('colo-port', setColoPort),
  stringKey('colo-export', 'coloExport'),
  stringKey('active-disk', 'activeDisk'),
  stringKey('hidden-disk', 'hiddenDisk'),
  flag('trusted', (state) => void (state.trusted = true)),
  flag('untrusted', (state) => void (state.trusted = false)),
  flag('grant_usage=1', (state) => void (state.grantUsage = true)),
  flag('grant_usage=0', (state) => void (state.grantUsage = false)),
  rule('(target=[^\\n]*)', (state, text) => setString(state, 'target', 'target', valueOf(text))),
  rule('([a-z][-a-z0-9]*=[^,],?)', (state, text) => complain(state, 'unknown parameter', text)),
  prefix('raw|qcow2?|vhd', setFormat),
  prefix('iscsi|e?nbd|drbd', (state, word) => setString(state, 'script', 'script', `block-${word}`)),
  prefix('tapdisk|tap2?|aio|ioemu|file|phy', () => {}),
  rule('([a-z][a-z0-9]*:)(?:[^a-z0-9][^\\n]*)?', (state, text) => {
    complain(state, 'unknown deprecated disk prefix', text);
    return true;
  }),
  rule('([^=,]*,|[^=,]+,?)', (state, text) => positional(state, withoutComma(text))),
];

const withoutComma = (text: string): string => (text.endsWith(',') ? text.slice(0, -1) : text);

const valueOf = (text: string): string => withoutComma(text).slice(text.indexOf('=') + 1);

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

const throwIfBad = ({messages, source}: DiskState): void => {
  if (messages.length > 0) throw new ConfigError(messages, {file: source});
};

const scan = (state: DiskState): void => {
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
const badSyntax = (state: DiskState, at: number): void => {
  const rest = state.spec.slice(at);
  const [line] = rest.split('\n', 1);
  if (rest.length > 1) complain(state, 'bad disk syntax', line);
};

const finish = (state: DiskState): DiskConfig => {
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

const coloOf = (state: DiskState): DiskColo | undefined => {
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
