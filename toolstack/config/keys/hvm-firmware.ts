import {choice, EXIT_LIBXL_FAIL, field, invalidValue, store, type Step} from './step.ts';

const BIOS_TYPES = ['unknown', 'rombios', 'seabios', 'ovmf'];

/** @see hvm/e820.h, HVM_BELOW_4G_MMIO_LENGTH and HVM_BELOW_4G_MMIO_START */
const MMIO_HOLE_MIB = {min: 256, max: 3840};

const noLoaderAsKernel: Step = ({reader, draft}) => {
  if (draft.kernel?.split('/').at(-1) !== 'hvmloader') return;
  reader.warn(
    'WARNING: you seem to be using "kernel" directive to override HVM guest firmware. Ignore that. Use "firmware_override" instead if you really want a non-default firmware',
  );
  delete draft.kernel;
};

const bios: Step = (context) => {
  const {reader, draft} = context;
  choice('bios', BIOS_TYPES, 'typeInfo.bios', invalidValue('bios'))(context);
  if (reader.string('bios') === undefined && draft.libxl.typeInfo.system_firmware !== undefined) {
    reader.warn('WARNING: bios_path_override given without specific bios name');
  }
};

const mmioHole: Step = ({reader, draft}) => {
  const mib = reader.number('mmio_hole');
  if (mib === undefined) return;
  if (mib < MMIO_HOLE_MIB.min || mib > MMIO_HOLE_MIB.max) {
    throw reader.fail('mmio_hole', [invalidValue('mmio_hole')(mib)]);
  }
  store(draft, 'typeInfo.mmio_hole_memkb', mib * 1024);
};

const oldAltp2m: Step = ({reader, draft}) => {
  const enabled = reader.boolean('altp2mhvm');
  if (enabled === undefined) return;
  store(draft, 'typeInfo.altp2m', enabled);
  reader.warn('WARNING: Specifying "altp2mhvm" is deprecated. Please use "altp2m" instead.');
};

/** @see xl.cfg(5), "viridian"; the place of a name is its bit */
const ENLIGHTENMENTS = [
  'base',
  'freq',
  'time_ref_count',
  'reference_tsc',
  'hcall_remote_tlb_flush',
  'apic_assist',
  'crash_ctl',
  'synic',
  'stimer',
  'hcall_ipi',
  'ex_processor_masks',
  'no_vp_limit',
  'cpu_hotplug',
];
const ENLIGHTENMENT_BITS = 64;

/** 0 or 1, or a list of groups: `all`, `defaults`, a name, `!name`. */
const viridian: Step = ({reader, draft}) => {
  const {typeInfo} = draft.libxl;
  const items = reader.strings('viridian', {quiet: true});
  if (items === undefined) {
    const enabled = reader.number('viridian', {quiet: true});
    if (enabled !== undefined) store(draft, 'typeInfo.viridian', enabled !== 0);
    return;
  }
  const enable = new Set<number>();
  const disable = new Set<number>();
  for (const {text} of items) {
    const isOff = text.startsWith('!');
    const name = isOff ? text.slice(1) : text;
    const bit = ENLIGHTENMENTS.indexOf(name.toLowerCase());
    if (text === 'all') for (let each = 0; each < ENLIGHTENMENT_BITS; each++) enable.add(each);
    else if (text === 'defaults') store(draft, 'typeInfo.viridian', true);
    else if (bit === -1) {
      throw reader.fail('viridian', [`xl: unknown viridian enlightenment '${name}'`], EXIT_LIBXL_FAIL);
    } else {
      (isOff ? disable : enable).add(bit);
      (isOff ? enable : disable).delete(bit);
    }
  }
  const bits = (set: Set<number>): number[] | undefined => (set.size > 0 ? [...set].sort((a, b) => a - b) : undefined);
  typeInfo.viridian_enable = bits(enable);
  typeInfo.viridian_disable = bits(disable);
};

const GENERATION_ID_BYTES = 16;

const generationId: Step = ({reader, draft, random}) => {
  const value = reader.string('ms_vm_genid');
  if (value === undefined || value === 'none') return;
  if (value !== 'generate') {
    throw reader.fail('ms_vm_genid', ['ERROR: "ms_vm_genid" option must be "generate" or "none"']);
  }
  draft.libxl.typeInfo.ms_vm_genid = Array.from({length: GENERATION_ID_BYTES}, () => random() & 0xff);
};

/** @see hvm/params.h, XEN_HVM_MCA_CAP_LMCE */
const MCA_CAP_LMCE = 1;

const machineCheck: Step = ({reader, draft}) => {
  const items = reader.strings('mca_caps', {quiet: true});
  if (items === undefined) {
    if (reader.has('mca_caps')) {
      throw reader.fail('mca_caps', ['ERROR: unable to parse mca_caps.'], EXIT_LIBXL_FAIL);
    }
    return;
  }
  for (const {text} of items) {
    if (text !== 'lmce') {
      throw reader.fail('mca_caps', [`ERROR: unrecognized MCA capability '${text}'.`], EXIT_LIBXL_FAIL);
    }
    draft.libxl.typeInfo.mca_caps = MCA_CAP_LMCE;
  }
};

/** A BIOS type, uefi, bios, or else the path of a firmware image. */
const firmware: Step = ({reader, draft}) => {
  const value = reader.string('firmware');
  if (value === undefined) return;
  if (BIOS_TYPES.includes(value.toLowerCase())) store(draft, 'typeInfo.bios', value.toLowerCase());
  else if ('uefi'.startsWith(value)) store(draft, 'typeInfo.bios', 'ovmf');
  else if (!'bios'.startsWith(value)) store(draft, 'typeInfo.firmware', value);
};

export const HVM_FIRMWARE_STEPS: readonly Step[] = [
  noLoaderAsKernel,
  field('firmware_override', 'string', 'typeInfo.firmware'),
  field('bios_path_override', 'string', 'typeInfo.system_firmware'),
  bios,
  field('pae', 'boolean', 'typeInfo.pae'),
  field('acpi_s3', 'boolean', 'typeInfo.acpi_s3'),
  field('acpi_s4', 'boolean', 'typeInfo.acpi_s4'),
  field('acpi_laptop_slate', 'boolean', 'typeInfo.acpi_laptop_slate'),
  field('nx', 'boolean', 'typeInfo.nx'),
  field('hpet', 'boolean', 'typeInfo.hpet'),
  field('vpt_align', 'boolean', 'typeInfo.vpt_align'),
  field('apic', 'boolean', 'buildInfo.apic'),
  viridian,
  mmioHole,
  oldAltp2m,
  field('smbios_firmware', 'string', 'typeInfo.smbios_firmware'),
  field('acpi_firmware', 'string', 'typeInfo.acpi_firmware'),
  generationId,
  field('rdm_mem_boundary', 'kib', 'typeInfo.rdm_mem_boundary_memkb'),
  machineCheck,
  firmware,
];
