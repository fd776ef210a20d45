import {atoi, strtoul} from '../c-numbers.ts';
import {ConfigError} from '../config-error.ts';
import {parseDiskSpec} from '../disk-spec.ts';
import {parseUuid} from '../identity.ts';
import {keyValues, specTokens} from '../key-value-spec.ts';
import type {StringItem} from '../setting-reader.ts';
import {parseVifSpec} from '../vif-spec.ts';
import {CHANNEL_STEPS} from './channel.ts';
import {append, deviceList, type SpecReader} from './device-list.ts';
import {DISPLAY_DEVICE_STEPS} from './display-device.ts';
import {SOUND_STEPS} from './sound.ts';
import {defboolText, type Context, type MutableJson, type Step} from './step.ts';
import {USB_STEPS} from './usb.ts';

/** Runs a parser of one item; its error gets the warnings so far and the item's place. */
const parseItem = <T>({reader}: Context, item: StringItem, parse: () => T): T => {
  try {
    return parse();
  } catch (error) {
    throw error instanceof ConfigError ? reader.failAt(item, error.lines, error.exitCode) : error;
  }
};

/** What the drivers of all devices of a kind are to do otherwise than by default. */
const readTuning = ({reader}: Context, kind: 'vbd' | 'vif'): {backend?: string; frontend?: string} | undefined => {
  const [backend, frontend] = [reader.string(`${kind}_backend_tuning`), reader.string(`${kind}_frontend_tuning`)];
  return backend === undefined && frontend === undefined ? undefined : {backend, frontend};
};

const disks: Step = (context) => {
  const {reader, draft} = context;
  const items = reader.strings('disk') ?? [];
  const tuning = readTuning(context, 'vbd');
  draft.disks = items.map((item) => {
    const disk = parseItem(context, item, () => parseDiskSpec(item.text, reader.fileName));
    return tuning === undefined ? disk : {...disk, tuning};
  });
};

const vifs: Step = (context) => {
  const {reader, draft} = context;
  const items = reader.strings('vif') ?? [];
  const tuning = readTuning(context, 'vif');
  draft.vifs = items.map((item, devid) => {
    const {vif, warnings} = parseItem(context, item, () => parseVifSpec(item.text, reader.fileName));
    reader.warn(...warnings);
    return {devid, ...vif, ...(tuning !== undefined && {tuning})};
  });
};

const vscsi: Step = ({reader, draft}) => {
  const items = reader.strings('vscsi', {quiet: true});
  if (items !== undefined) draft.vscsi = items.map(({text}) => text);
};

const oldVifs: Step = ({reader}) => {
  if (reader.list('vif2') === undefined) return;
  reader.warn('WARNING: vif2: netchannel2 is deprecated and not supported by xl');
};

/** The parameters of a device that knows no others. */
const strictParameters = (
  item: StringItem,
  {reader}: Context,
  device: string,
  known: readonly string[],
): Partial<Record<string, string>> => {
  const values: Partial<Record<string, string>> = {};
  for (const [key, value] of keyValues(item.text)) {
    if (!known.includes(key)) throw reader.failAt(item, [`Unknown string \`${key}' in ${device} spec`]);
    values[key] = value;
  }
  return values;
};

const plan9: SpecReader = (item, _devid, context) => {
  const {tag, path, security_model, backend} = strictParameters(item, context, '9pfs', [
    'tag',
    'path',
    'security_model',
    'backend',
  ]);
  if (tag === undefined || path === undefined || security_model === undefined) {
    throw context.reader.failAt(item, ['9pfs spec missing required field!']);
  }
  return {backend_domname: backend, tag, path, security_model};
};

const virtualTpm: SpecReader = (item, devid, context) => {
  const {backend, uuid} = strictParameters(item, context, 'vtpm', ['backend', 'uuid']);
  const parsed = uuid === undefined ? undefined : parseUuid(uuid);
  if (uuid !== undefined && parsed === undefined) {
    throw context.reader.failAt(item, [`Failed to parse vtpm UUID: ${uuid}`]);
  }
  if (backend === undefined) throw context.reader.failAt(item, ['vtpm spec missing required backend field!']);
  return {backend_domname: backend, devid, uuid: parsed};
};

const pvCalls: SpecReader = (item, devid, context) => {
  const {backend} = strictParameters(item, context, 'pvcalls', ['backend']);
  return {backend_domname: backend, devid};
};

type VfbPart = {vnc: MutableJson; sdl: MutableJson; keymap?: string};

const VFB_PARAMETERS: Readonly<Record<string, (vfb: VfbPart, value: string) => void>> = {
  vnc: ({vnc}, value) => void (vnc.enable = defboolText(atoi(value) !== 0)),
  vnclisten: ({vnc}, value) => void (vnc.listen = value),
  vncpasswd: ({vnc}, value) => void (vnc.passwd = value),
  vncdisplay: ({vnc}, value) => void (vnc.display = atoi(value) || undefined),
  vncunused: ({vnc}, value) => void (vnc.findunused = defboolText(atoi(value) !== 0)),
  keymap: (vfb, value) => void (vfb.keymap = value),
  sdl: ({sdl}, value) => void (sdl.enable = defboolText(atoi(value) !== 0)),
  opengl: ({sdl}, value) => void (sdl.opengl = defboolText(atoi(value) !== 0)),
  display: ({sdl}, value) => void (sdl.display = value),
  xauthority: ({sdl}, value) => void (sdl.xauthority = value),
};

/** Unknown parameters are skipped. Each framebuffer brings a keyboard. */
const framebuffer: SpecReader = (item, devid, context) => {
  const vfb: VfbPart = {vnc: {}, sdl: {}};
  for (const [key, value] of keyValues(item.text)) {
    if (Object.hasOwn(VFB_PARAMETERS, key)) VFB_PARAMETERS[key](vfb, value);
  }
  append(context, 'vkbs', {devid});
  return {devid, ...vfb};
};

const KEYBOARD_STRINGS = ['backend', 'backend-type', 'unique-id'];
const KEYBOARD_FLAGS = [
  'feature-disable-keyboard',
  'feature-disable-pointer',
  'feature-abs-pointer',
  'feature-raw-pointer',
  'feature-multi-touch',
];
const MULTI_TOUCH_SIZES = ['multi-touch-width', 'multi-touch-height', 'multi-touch-num-contacts'];
const KEYBOARD_NUMBERS = ['width', 'height', ...MULTI_TOUCH_SIZES];
const KEYBOARD_BACKENDS = new Set(['qemu', 'linux']);

/** @see kbdif.h for the names; xl-cfg-keys.json, device_specs.vkb */
const keyboard: SpecReader = (item, _index, context) => {
  const {reader, draft} = context;
  const vkb: MutableJson = {devid: draft.devices.vkbs?.length ?? 0};
  for (const token of specTokens(item.text)) setKeyboard(vkb, token, item, context);
  if (vkb.backend_type === undefined) throw reader.failAt(item, ['backend-type should be set in vkb spec']);
  const hasSizes = MULTI_TOUCH_SIZES.some((key) => vkb[libxlName(key)] !== undefined);
  if (hasSizes) vkb.feature_multi_touch = true;
  else if (vkb.feature_multi_touch) {
    throw reader.failAt(item, [`${MULTI_TOUCH_SIZES.join(', ')} should be set for multi touch in vkb spec`]);
  }
  return vkb;
};

const libxlName = (key: string): string => (key === 'backend' ? 'backend_domname' : key.replaceAll('-', '_'));

const setKeyboard = (vkb: MutableJson, token: string, item: StringItem, {reader}: Context): void => {
  const [key] = token.split('=', 1);
  const value = token.slice(key.length + 1);
  const isKnown = token.includes('=') && [...KEYBOARD_STRINGS, ...KEYBOARD_FLAGS, ...KEYBOARD_NUMBERS].includes(key);
  if (!isKnown) throw reader.failAt(item, [`Unknown string "${token}" in vkb spec`]);
  if (key === 'backend-type' && !KEYBOARD_BACKENDS.has(value.toLowerCase())) {
    throw reader.failAt(item, [`Unknown backend_type "${value}" in vkb spec`]);
  }
  const number = Number(BigInt.asUintN(32, strtoul(value, 0).value));
  if (KEYBOARD_STRINGS.includes(key)) vkb[libxlName(key)] = key === 'backend-type' ? value.toLowerCase() : value;
  else if (KEYBOARD_FLAGS.includes(key)) vkb[libxlName(key)] = number !== 0 || undefined;
  else vkb[libxlName(key)] = number || undefined;
};

export const DEVICE_STEPS: readonly Step[] = [
  disks,
  deviceList('p9', 'p9s', plan9),
  deviceList('vtpm', 'vtpms', virtualTpm),
  ...DISPLAY_DEVICE_STEPS,
  deviceList('pvcalls', 'pvcallsifs', pvCalls),
  ...SOUND_STEPS,
  ...CHANNEL_STEPS,
  vifs,
  vscsi,
  oldVifs,
  deviceList('vfb', 'vfbs', framebuffer),
  ...USB_STEPS,
];

export const KEYBOARD_STEPS: readonly Step[] = [deviceList('vkb', 'vkbs', keyboard)];
