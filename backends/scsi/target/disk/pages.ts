import {MAX_TRANSFER_BLOCKS} from '../block/range.ts';
import {hex, put16, put32, put64} from '../bytes.ts';
import {controlPage, informationalExceptionsPage} from '../common/control-page.ts';
import type {ModePageSpec} from '../common/mode-pages.ts';
import {MAX_COMPARE_BLOCKS} from './atomic.ts';
import type {DiskUnit} from './disk-unit.ts';
import {MAX_UNMAP_BLOCKS, MAX_UNMAP_DESCRIPTORS} from './unmap.ts';

export const CACHING = 0x08;
export const WRITE_CACHE_ENABLED = 0x04;

/** @see SBC-3, "Caching mode page" */
const cachingPage: ModePageSpec = {
  code: CACHING,
  defaults: hex('08 12 04 00 0000 0000 0000 0000 00 00 0000 00 000000'),
  changeable: hex('08 12 04 00 0000 0000 0000 0000 00 00 0000 00 000000'),
};

/** Errors are reported at once, and nothing is reallocated. @see SBC-3, "Read-Write Error Recovery mode page" */
const errorRecoveryPage: ModePageSpec = {
  code: 0x01,
  defaults: hex('01 0a 00 00 00 00 00 00 00 00 0000'),
  changeable: hex('01 0a 00 00 00 00 00 00 00 00 0000'),
};

export const diskModePages: readonly ModePageSpec[] = [
  errorRecoveryPage,
  cachingPage,
  controlPage(true),
  informationalExceptionsPage,
];

const PAGE_BYTES = 60;

/** Positions are four less than in the standard, which counts the page's header. @see SBC-3, "Block Limits VPD page" */
export const blockLimits = ({storage, blockBytes}: DiskUnit): Uint8Array => {
  const bytes = new Uint8Array(PAGE_BYTES);
  bytes[1] = MAX_COMPARE_BLOCKS;
  put32(bytes, 4, MAX_TRANSFER_BLOCKS);
  if (storage.discardGranularity > 0) {
    put32(bytes, 16, MAX_UNMAP_BLOCKS);
    put32(bytes, 20, MAX_UNMAP_DESCRIPTORS);
    put32(bytes, 24, Math.max(1, storage.discardGranularity / blockBytes));
  }
  put64(bytes, 32, MAX_TRANSFER_BLOCKS);
  return bytes;
};

/** Nothing turns. @see SBC-3, "Block Device Characteristics VPD page" */
export const blockCharacteristics = (): Uint8Array => {
  const bytes = new Uint8Array(PAGE_BYTES);
  put16(bytes, 0, 1);
  return bytes;
};

/** LBPU, LBPWS, LBPWS10 and LBPRZ, thin provisioning. @see SBC-3, "Logical Block Provisioning VPD page" */
export const blockProvisioning = ({storage}: DiskUnit): Uint8Array =>
  storage.discardGranularity > 0 ? Uint8Array.of(0, 0xe4, 0x02, 0) : new Uint8Array(4);
