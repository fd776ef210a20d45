/** @see grant_table.h; written down again, as a check must not take its numbers from what it judges. */
export const GTF = {
  permit_access: 1,
  accept_transfer: 2,
  transitive: 3,
  readonly: 4,
  reading: 8,
  writing: 16,
  PWT: 32,
  PCD: 64,
  PAT: 128,
  sub_page: 256,
} as const;

export const GNTMAP = {device_map: 1, host_map: 2, readonly: 4} as const;

export const GNTCOPY = {source_gref: 1, dest_gref: 2} as const;

export const GNTST = {
  okay: 0,
  general_error: -1,
  bad_domain: -2,
  bad_gntref: -3,
  bad_handle: -4,
  permission_denied: -8,
  bad_page: -9,
  bad_copy_arg: -10,
  eagain: -12,
  no_space: -13,
} as const;

export const GNTTABOP = {
  setup_table: 2,
  copy: 5,
  query_size: 6,
  unmap_and_replace: 7,
  set_version: 8,
  get_status_frames: 9,
  get_version: 10,
  swap_grant_ref: 11,
} as const;

/** @see xen.h */
export const grant_table_op = 20;
export const DOMID_SELF = 0x7ff0;

export const ENTRIES_PER_FRAME = 512;
/** What a table can have, by default. */
export const MAX_FRAMES = 64;
export const PAGE_BYTES = 4096;
