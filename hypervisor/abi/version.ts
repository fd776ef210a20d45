/**
 * What XENVER_* calls answer.
 * @see version.h
 */
import {xen_ulong_t} from './arch-x86/xen.ts';
import {FLEXIBLE, arrayType, char, struct, uint32_t, unsigned_char, unsigned_int} from './ctype.ts';

/** Operations of xen_version, each with the struct that it fills in. */
export const XENVER_version = 0;
export const XENVER_extraversion = 1;

export const xen_extraversion_t = arrayType('xen_extraversion_t', char, 16);

export const XEN_EXTRAVERSION_LEN = 16;

export const XENVER_compile_info = 2;

export const xen_compile_info = struct('xen_compile_info', [
  ['compiler', char, 64],
  ['compile_by', char, 16],
  ['compile_domain', char, 32],
  ['compile_date', char, 32],
]);

export const XENVER_capabilities = 3;

export const xen_capabilities_info_t = arrayType('xen_capabilities_info_t', char, 1024);

export const XEN_CAPABILITIES_INFO_LEN = 1024;

export const XENVER_changeset = 4;

export const xen_changeset_info_t = arrayType('xen_changeset_info_t', char, 64);

export const XEN_CHANGESET_INFO_LEN = 64;

export const XENVER_platform_parameters = 5;

export const xen_platform_parameters = struct('xen_platform_parameters', [['virt_start', xen_ulong_t]]);

export const XENVER_get_features = 6;

export const xen_feature_info = struct('xen_feature_info', [
  ['submap_idx', unsigned_int],
  ['submap', uint32_t],
]);

export const XENVER_pagesize = 7;
export const XENVER_guest_handle = 8;
export const XENVER_commandline = 9;

export const xen_commandline_t = arrayType('xen_commandline_t', char, 1024);

export const XENVER_build_id = 10;

export const xen_build_id = struct('xen_build_id', [
  ['len', uint32_t],
  ['buf', unsigned_char, FLEXIBLE],
]);
