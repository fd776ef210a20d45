import {EXIT_LIBXL_FAIL, field, type Step} from './step.ts';

const oldDeviceModel: Step = ({reader, draft}) => {
  const path = reader.string('device_model');
  if (path === undefined) return;
  reader.warn(
    'WARNING: ignoring device_model directive.',
    'WARNING: Use "device_model_override" instead if you really want a non-default device_model',
  );
  if (!path.includes('stubdom-dm')) return;
  reader.warn(
    draft.type === 'hvm'
      ? 'WARNING: Or use "device_model_stubdomain_override" if you  want to enable stubdomains'
      : 'WARNING: ignoring "device_model_stubdomain_override" directive for pv guest',
  );
};

const VERSIONS: Readonly<Record<string, string>> = {
  'qemu-xen-traditional': 'qemu_xen_traditional',
  'qemu-xen': 'qemu_xen',
};

const version: Step = ({reader, draft}) => {
  const {buildInfo} = draft.libxl;
  const name = reader.string('device_model_version');
  if (name === undefined) {
    if (buildInfo.device_model !== undefined) {
      reader.warn('WARNING: device model override given without specific DM version');
    }
    return;
  }
  if (!Object.hasOwn(VERSIONS, name)) {
    throw reader.fail('device_model_version', [`Unknown device_model_version "${name}" specified`]);
  }
  buildInfo.device_model_version = VERSIONS[name];
};

const extraArguments =
  (suffix: '' | '_pv' | '_hvm'): Step =>
  ({reader, draft}) => {
    const key = `device_model_args${suffix}`;
    const items = reader.strings(key);
    if (items === undefined && reader.has(key)) {
      throw reader.fail(key, [`xl: Unable to parse ${key}.`], EXIT_LIBXL_FAIL);
    }
    if (items !== undefined && items.length > 0) draft.libxl.buildInfo[`extra${suffix}`] = items.map(({text}) => text);
  };

export const DEVICE_MODEL_STEPS: readonly Step[] = [
  oldDeviceModel,
  field('device_model_override', 'string', 'buildInfo.device_model'),
  version,
  field('device_model_stubdomain_override', 'boolean', 'buildInfo.device_model_stubdomain'),
  field('device_model_stubdomain_seclabel', 'string', 'buildInfo.device_model_ssid_label'),
  field('device_model_user', 'string', 'buildInfo.device_model_user'),
  field('stubdomain_kernel', 'string', 'buildInfo.stubdomain_kernel'),
  field('stubdomain_cmdline', 'string', 'buildInfo.stubdomain_cmdline'),
  field('stubdomain_ramdisk', 'string', 'buildInfo.stubdomain_ramdisk'),
  field('stubdomain_memory', 'kib', 'buildInfo.stubdomain_memkb'),
  extraArguments(''),
  extraArguments('_pv'),
  extraArguments('_hvm'),
];
