import {choice, field, invalidValue, store, type Step} from './step.ts';

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
  mmioHole,
  oldAltp2m,
  field('smbios_firmware', 'string', 'typeInfo.smbios_firmware'),
  field('acpi_firmware', 'string', 'typeInfo.acpi_firmware'),
  field('rdm_mem_boundary', 'kib', 'typeInfo.rdm_mem_boundary_memkb'),
  firmware,
];
