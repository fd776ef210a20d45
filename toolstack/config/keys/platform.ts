import {PASSTHROUGH_STEPS} from './passthrough.ts';
import {choice, field, mode, only, type Step} from './step.ts';

const TSC_MODES = ['default', 'always_emulate', 'native', 'native_paravirt'];
const PASSTHROUGH = ['default', 'disabled', 'enabled', 'sync_pt', 'share_pt'];

const deviceTreeDevices: Step = ({reader, draft}) => {
  const paths = reader.strings('dtdev');
  if (paths !== undefined) draft.devices.dtdevs = paths.map(({text}) => ({path: text}));
};

const vncViewer: Step = ({reader}) => {
  if (reader.number('vncviewer') === undefined) return;
  reader.warn('WARNING: ignoring "vncviewer" option. Use "-V" option of "xl create" to automatically spawn vncviewer.');
};

export const PLATFORM_STEPS: readonly Step[] = [
  only('pv', field('e820_host', 'boolean', 'typeInfo.e820_host')),
  ...PASSTHROUGH_STEPS,
  deviceTreeDevices,
  choice(
    'passthrough',
    PASSTHROUGH,
    'createInfo.passthrough',
    (value) => `ERROR: unknown passthrough option '${value}'`,
  ),
  field('shadow_memory', 'kib', 'buildInfo.shadow_memkb'),
  field('nomigrate', 'boolean', 'buildInfo.disable_migrate'),
  mode('tsc_mode', TSC_MODES, 'buildInfo.tsc_mode', {
    announce: (name) => `got a tsc mode string: "${name}"`,
    unset: 'default',
  }),
  field('rtc_timeoffset', 'count', 'buildInfo.rtc_timeoffset'),
  vncViewer,
  field('localtime', 'boolean', 'buildInfo.localtime'),
  field('videoram', 'kib', 'buildInfo.video_memkb'),
  field('max_event_channels', 'count', 'maxEventChannels'),
];
