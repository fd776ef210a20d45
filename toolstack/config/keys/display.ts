import {
  choice,
  EXIT_LIBXL_FAIL,
  field,
  invalidValue,
  only,
  store,
  type Context,
  type MutableJson,
  type Step,
} from './step.ts';

const VNC_STEPS: readonly Step[] = [
  field('vnc', 'boolean', 'typeInfo.vnc.enable'),
  field('vnclisten', 'string', 'typeInfo.vnc.listen'),
  field('vncpasswd', 'string', 'typeInfo.vnc.passwd'),
  field('vncdisplay', 'count', 'typeInfo.vnc.display'),
  field('vncunused', 'boolean', 'typeInfo.vnc.findunused'),
];

const SDL_STEPS: readonly Step[] = [
  field('sdl', 'boolean', 'typeInfo.sdl.enable'),
  field('opengl', 'boolean', 'typeInfo.sdl.opengl'),
  field('display', 'string', 'typeInfo.sdl.display'),
  field('xauthority', 'string', 'typeInfo.sdl.xauthority'),
];

/** A PV guest without vfb= gets one framebuffer and keyboard from the top-level keys if vnc is on. */
const pvFramebuffer: Step = (context) => {
  const {reader, draft} = context;
  if (draft.devices.vfbs !== undefined || !reader.number('vnc')) return;
  const vfb: MutableJson = {devid: 0, vnc: {}, sdl: {}};
  readInto(context, vfb, [...VNC_STEPS, ...SDL_STEPS, field('keymap', 'string', 'typeInfo.keymap')]);
  draft.devices.vfbs = [vfb];
  draft.devices.vkbs = [{devid: 0}];
};

/** Runs steps that fill the type union, but into another object. */
const readInto = (context: Context, typeInfo: MutableJson, steps: readonly Step[]): void => {
  const draft = {...context.draft, libxl: {...context.draft.libxl, typeInfo}};
  for (const step of steps) step({...context, draft});
};

const VGA_KINDS: Readonly<Record<string, string>> = {stdvga: 'std', cirrus: 'cirrus', none: 'none', qxl: 'qxl'};

const vga: Step = ({reader, draft}) => {
  const name = reader.string('vga');
  if (name !== undefined) {
    if (!Object.hasOwn(VGA_KINDS, name)) throw reader.fail('vga', [`Unknown vga "${name}" specified`]);
    store(draft, 'typeInfo.vga.kind', VGA_KINDS[name]);
    return;
  }
  const isStandard = reader.boolean('stdvga');
  if (isStandard !== undefined) store(draft, 'typeInfo.vga.kind', isStandard ? 'std' : 'cirrus');
};

const graphicsPassthrough: Step = (context) => {
  const {reader, draft} = context;
  const number = reader.number('gfx_passthru', {quiet: true});
  if (number !== undefined) return store(draft, 'typeInfo.gfx_passthru', number !== 0);
  if (reader.string('gfx_passthru') === undefined) return;
  choice('gfx_passthru', ['default', 'igd'], 'typeInfo.gfx_passthru_kind', invalidValue('gfx_passthru'))(context);
  store(draft, 'typeInfo.gfx_passthru', true);
};

/** One value, or a list of them. */
const oneOrMany =
  (key: 'serial' | 'usbdevice'): Step =>
  ({reader, draft}) => {
    const items = reader.strings(key, {quiet: true});
    const text = items === undefined ? reader.string(key) : undefined;
    const {typeInfo} = draft.libxl;
    if (items !== undefined && items.length > 0) typeInfo[`${key}_list`] = items.map((item) => item.text);
    if (text !== undefined) typeInfo[key] = text;
  };

const oneDisplay: Step = ({reader, draft}) => {
  const {listen, display} = draft.libxl.typeInfo.vnc as {listen?: string; display?: number};
  if (display === undefined || !listen?.includes(':')) return;
  throw reader.fail('vncdisplay', ['ERROR: Display specified both in vnclisten and vncdisplay!']);
};

const SPICE_STEPS: readonly Step[] = [
  field('spice', 'boolean', 'typeInfo.spice.enable'),
  field('spiceport', 'count', 'typeInfo.spice.port'),
  field('spicetls_port', 'count', 'typeInfo.spice.tls_port'),
  field('spicehost', 'string', 'typeInfo.spice.host'),
  field('spicedisable_ticketing', 'boolean', 'typeInfo.spice.disable_ticketing'),
  field('spicepasswd', 'string', 'typeInfo.spice.passwd'),
  field('spiceagent_mouse', 'boolean', 'typeInfo.spice.agent_mouse'),
  field('spicevdagent', 'boolean', 'typeInfo.spice.vdagent'),
  field('spice_clipboard_sharing', 'boolean', 'typeInfo.spice.clipboard_sharing'),
  field('spiceusbredirection', 'count', 'typeInfo.spice.usbredirection'),
  field('spice_image_compression', 'string', 'typeInfo.spice.image_compression'),
  field('spice_streaming_video', 'string', 'typeInfo.spice.streaming_video'),
];

const HVM_STEPS: readonly Step[] = [
  vga,
  choice('hdtype', ['ide', 'ahci'], 'typeInfo.hdtype', invalidValue('hdtype')),
  field('keymap', 'string', 'typeInfo.keymap'),
  ...SPICE_STEPS,
  field('nographic', 'boolean', 'typeInfo.nographic'),
  graphicsPassthrough,
  oneOrMany('serial'),
  field('boot', 'string', 'typeInfo.boot'),
  field('usb', 'boolean', 'typeInfo.usb'),
  field('usbversion', 'count', 'typeInfo.usbversion'),
  oneOrMany('usbdevice'),
  field('vkb_device', 'boolean', 'typeInfo.vkb_device'),
  field('soundhw', 'string', 'typeInfo.soundhw'),
  field('xen_platform_pci', 'boolean', 'typeInfo.xen_platform_pci'),
  oneDisplay,
  choice(
    'vendor_device',
    ['none', 'xenserver'],
    'typeInfo.vendor_device',
    (value) => `xl: unknown vendor_device '${value}'`,
    EXIT_LIBXL_FAIL,
  ),
];

export const DISPLAY_STEPS: readonly Step[] = [
  only('pv', pvFramebuffer),
  only('hvm', ...VNC_STEPS, ...SDL_STEPS),
  field('dm_restrict', 'boolean', 'buildInfo.dm_restrict'),
  only('hvm', ...HVM_STEPS),
];
