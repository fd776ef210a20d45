import {HVM_FIRMWARE_STEPS} from './hvm-firmware.ts';
import {EXIT_LIBXL_FAIL, field, mode, only, type Step} from './step.ts';

/** Where a PV firmware such as pvgrub64 is looked for. */
const FIRMWARE_DIRECTORY = '/usr/lib/xen/boot';
const PV_FIRMWARE = ['pvgrub32', 'pvgrub64'];

const TIMER_MODES = [
  'delay_for_missed_ticks',
  'no_delay_for_missed_ticks',
  'no_missed_ticks_pending',
  'one_missed_tick_pending',
];

/** cmdline= is the whole command line; without it root= and extra= make one. */
const commandLine: Step = ({reader, draft}) => {
  const whole = reader.string('cmdline');
  const root = reader.string('root');
  const extra = reader.string('extra');
  if (whole !== undefined) {
    draft.cmdline = whole;
    if (root !== undefined || extra !== undefined) {
      reader.warn('Warning: ignoring root= and extra= in favour of cmdline=');
    }
    return;
  }
  const parts = [root === undefined ? [] : `root=${root}`, extra ?? []].flat();
  if (parts.length > 0) draft.cmdline = parts.join(' ');
};

const bootloaderArguments: Step = ({reader, draft}) => {
  const items = reader.strings('bootloader_args', {quiet: true});
  if (items !== undefined) {
    draft.bootloaderArgs = items.map(({text}) => text);
    return;
  }
  const text = reader.string('bootloader_args');
  if (text === undefined) return;
  reader.warn('WARNING: Specifying "bootloader_args" as a string is deprecated. Please use a list of arguments.');
  draft.bootloaderArgs = text.split(/[ \t\n]+/).filter((word) => word !== '');
};

const timerMode: Step = (context) => {
  const {reader, draft} = context;
  if (draft.type !== 'pv') return mode('timer_mode', TIMER_MODES, 'buildInfo.timer_mode')(context);
  if (reader.string('timer_mode') === undefined) return;
  throw reader.fail('timer_mode', ['ERROR: "timer_mode" option is not supported for PV guests.'], EXIT_LIBXL_FAIL);
};

/** PV and PVH need something to boot. */
const kernelOrBootloader: Step = ({reader, draft}) => {
  if (draft.type === 'hvm') return;
  const firmware = reader.string('firmware');
  if (firmware !== undefined) {
    if (draft.kernel !== undefined) throw reader.fail('firmware', ['ERROR: both kernel and firmware specified']);
    if (!PV_FIRMWARE.some((name) => name.startsWith(firmware))) {
      throw reader.fail('firmware', ['ERROR: only pvgrub{32|64} supported as firmware options']);
    }
    draft.kernel = `${FIRMWARE_DIRECTORY}/${firmware}.bin`;
  }
  if (draft.kernel === undefined && draft.bootloader === undefined) {
    throw reader.fail('kernel', ['Neither kernel nor bootloader specified']);
  }
};

export const BOOT_STEPS: readonly Step[] = [
  field('kernel', 'string', 'kernel'),
  field('ramdisk', 'string', 'ramdisk'),
  field('warm_image', 'string', 'warmImage'),
  field('referee', 'boolean', 'referee'),
  field('device_tree', 'string', 'buildInfo.device_tree'),
  commandLine,
  field('driver_domain', 'boolean', 'driverDomain'),
  field('acpi', 'boolean', 'buildInfo.acpi'),
  field('bootloader', 'string', 'bootloader'),
  bootloaderArguments,
  timerMode,
  field('nestedhvm', 'boolean', 'buildInfo.nested_hvm'),
  only('hvm', ...HVM_FIRMWARE_STEPS),
  kernelOrBootloader,
];
