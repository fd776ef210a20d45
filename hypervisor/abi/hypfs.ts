/**
 * The hypervisor's own tree of settings, as xenhypfs shows it.
 * @see hypfs.h
 */
import {FLEXIBLE, char, struct, typedef, uint16_t, uint32_t, uint8_t} from './ctype.ts';

export const XEN_HYPFS_VERSION = 1;
export const XEN_HYPFS_MAX_PATHLEN = 1024;

export const xen_hypfs_direntry = struct('xen_hypfs_direntry', [
  ['type', uint8_t],
  ['encoding', uint8_t],
  ['pad', uint16_t],
  ['content_len', uint32_t],
  ['max_write_len', uint32_t],
]);

export const XEN_HYPFS_TYPE_DIR = 0;
export const XEN_HYPFS_TYPE_BLOB = 1;
export const XEN_HYPFS_TYPE_STRING = 2;
export const XEN_HYPFS_TYPE_UINT = 3;
export const XEN_HYPFS_TYPE_INT = 4;
export const XEN_HYPFS_TYPE_BOOL = 5;
export const XEN_HYPFS_ENC_PLAIN = 0;
export const XEN_HYPFS_ENC_GZIP = 1;

export const xen_hypfs_dirlistentry = struct('xen_hypfs_dirlistentry', [
  ['e', typedef(xen_hypfs_direntry)],
  ['off_next', uint16_t],
  ['name', char, FLEXIBLE],
]);

export const XEN_HYPFS_OP_get_version = 0;
export const XEN_HYPFS_OP_read = 1;
export const XEN_HYPFS_OP_write_contents = 2;
