/**
 * The table by which the toolstack tells hvmloader about the machine.
 * @see hvm/hvm_info_table.h
 */
import {char, struct, uint32_t, uint8_t} from '../ctype.ts';

export const HVM_INFO_PFN = 0x09f;
export const HVM_INFO_OFFSET = 0x800;
export const HVM_INFO_PADDR = (HVM_INFO_PFN << 12) + HVM_INFO_OFFSET;

export const HVM_MAX_VCPUS = 128;

export const hvm_info_table = struct('hvm_info_table', [
  ['signature', char, 8],
  ['length', uint32_t],
  ['checksum', uint8_t],
  ['apic_mode', uint8_t],
  ['nr_vcpus', uint32_t],
  ['low_mem_pgend', uint32_t],
  ['reserved_mem_pgstart', uint32_t],
  ['high_mem_pgend', uint32_t],
  ['vcpu_online', uint8_t, 16],
]);
