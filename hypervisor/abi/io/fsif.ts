/**
 * Shared file system of Mini-OS days.
 * @see fsif.h
 */
import {
  inlineUnion,
  int16_t,
  int32_t,
  int64_t,
  int8_t,
  struct,
  uint16_t,
  uint32_t,
  uint64_t,
  uint8_t,
} from '../ctype.ts';
import {grant_ref_t} from '../grant-table.ts';
import {ringTypes} from './ring.ts';

export const REQ_FILE_OPEN = 1;
export const REQ_FILE_CLOSE = 2;
export const REQ_FILE_READ = 3;
export const REQ_FILE_WRITE = 4;
export const REQ_STAT = 5;
export const REQ_FILE_TRUNCATE = 6;
export const REQ_REMOVE = 7;
export const REQ_RENAME = 8;
export const REQ_CREATE = 9;
export const REQ_DIR_LIST = 10;
export const REQ_CHMOD = 11;
export const REQ_FS_SPACE = 12;
export const REQ_FILE_SYNC = 13;

export const fsif_open_request = struct('fsif_open_request', [['gref', grant_ref_t]]);

export const fsif_close_request = struct('fsif_close_request', [['fd', uint32_t]]);

export const fsif_read_request = struct('fsif_read_request', [
  ['fd', uint32_t],
  ['pad', int32_t],
  ['len', uint64_t],
  ['offset', uint64_t],
  ['grefs', grant_ref_t, 1],
]);

export const fsif_write_request = struct('fsif_write_request', [
  ['fd', uint32_t],
  ['pad', int32_t],
  ['len', uint64_t],
  ['offset', uint64_t],
  ['grefs', grant_ref_t, 1],
]);

export const fsif_stat_request = struct('fsif_stat_request', [['fd', uint32_t]]);

export const fsif_stat_response = struct('fsif_stat_response', [
  ['stat_mode', int32_t],
  ['stat_uid', uint32_t],
  ['stat_gid', uint32_t],
  ['stat_ret', int32_t],
  ['stat_size', int64_t],
  ['stat_atime', int64_t],
  ['stat_mtime', int64_t],
  ['stat_ctime', int64_t],
]);

export const fsif_truncate_request = struct('fsif_truncate_request', [
  ['fd', uint32_t],
  ['pad', int32_t],
  ['length', int64_t],
]);

export const fsif_remove_request = struct('fsif_remove_request', [['gref', grant_ref_t]]);

export const fsif_rename_request = struct('fsif_rename_request', [
  ['old_name_offset', uint16_t],
  ['new_name_offset', uint16_t],
  ['gref', grant_ref_t],
]);

export const fsif_create_request = struct('fsif_create_request', [
  ['directory', int8_t],
  ['pad', int8_t],
  ['pad2', int16_t],
  ['mode', int32_t],
  ['gref', grant_ref_t],
]);

export const fsif_list_request = struct('fsif_list_request', [
  ['offset', uint32_t],
  ['gref', grant_ref_t],
]);

export const NR_FILES_SHIFT = 0;
export const NR_FILES_SIZE = 16;
export const NR_FILES_MASK = ((1 << NR_FILES_SIZE) - 1) << NR_FILES_SHIFT;
export const ERROR_SIZE = 32;
export const ERROR_SHIFT = NR_FILES_SIZE + NR_FILES_SHIFT;
export const ERROR_MASK = 0xffffffff0000;
export const HAS_MORE_SHIFT = ERROR_SHIFT + ERROR_SIZE;
export const HAS_MORE_FLAG = 0x1000000000000;

export const fsif_chmod_request = struct('fsif_chmod_request', [
  ['fd', uint32_t],
  ['mode', int32_t],
]);

export const fsif_space_request = struct('fsif_space_request', [['gref', grant_ref_t]]);

export const fsif_sync_request = struct('fsif_sync_request', [['fd', uint32_t]]);

export const fsif_request = struct('fsif_request', [
  ['type', uint8_t],
  ['pad', uint8_t],
  ['id', uint16_t],
  ['pad2', uint32_t],
  [
    'u',
    inlineUnion([
      ['fopen', fsif_open_request],
      ['fclose', fsif_close_request],
      ['fread', fsif_read_request],
      ['fwrite', fsif_write_request],
      ['fstat', fsif_stat_request],
      ['ftruncate', fsif_truncate_request],
      ['fremove', fsif_remove_request],
      ['frename', fsif_rename_request],
      ['fcreate', fsif_create_request],
      ['flist', fsif_list_request],
      ['fchmod', fsif_chmod_request],
      ['fspace', fsif_space_request],
      ['fsync', fsif_sync_request],
    ]),
  ],
]);

export const fsif_response = struct('fsif_response', [
  ['id', uint16_t],
  ['pad1', uint16_t],
  ['pad2', uint32_t],
  [
    'u',
    inlineUnion([
      ['ret_val', uint64_t],
      ['fstat', fsif_stat_response],
    ]),
  ],
]);

export const FSIF_RING_ENTRY_SIZE = 64;

export const FSIF_NR_READ_GNTS = {x86_64: 9, x86_32: 10} as const;
export const FSIF_NR_WRITE_GNTS = {x86_64: 9, x86_32: 10} as const;

export const fsif_ring = ringTypes('fsif', fsif_request, fsif_response);

export const STATE_INITIALISED = 'init';
export const STATE_READY = 'ready';
export const STATE_CLOSING = 'closing';
export const STATE_CLOSED = 'closed';
