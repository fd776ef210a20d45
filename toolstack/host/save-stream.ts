/**
 * The two streams of a saved domain, one within the other: libxl's, and the image of libxc with memory and CPU.
 * @see Xen's docs/specs/libxl-migration-stream.pandoc, docs/specs/libxc-migration-stream.pandoc
 */
import {XEN_VERSION} from '../../hypervisor/version.ts';
import {PAGE_SHIFT} from '../../hypervisor/memory/index.ts';

export const LIBXL_IDENT = 'LibxlFmt';
export const LIBXL_VERSION = 2;
export const LIBXL_HEADER_BYTES = 16;
/** Record types of libxl's stream. */
export const LIBXL_END = 0;
export const LIBXL_LIBXC_CONTEXT = 1;

export const LIBXC_ID = 'XENF';
export const LIBXC_VERSION = 3;
export const LIBXC_HEADER_BYTES = 24;
export const LIBXC_MARKER_BYTES = 8;
export const DOMAIN_HEADER_BYTES = 16;
export const DOMAIN_TYPE_HVM = 2;
/** Record types of libxc's image. */
export const REC_END = 0;
export const REC_PAGE_DATA = 1;
export const REC_X86_TSC_INFO = 8;
export const REC_HVM_CONTEXT = 9;
export const REC_HVM_PARAMS = 10;
export const REC_STATIC_DATA_END = 16;
/** Records with this bit may be left out. */
export const REC_OPTIONAL = 0x80000000;
/** Longest body that libxc takes. */
export const REC_LENGTH_MAX = 128 << 20;

export const RECORD_HEADER_BYTES = 8;
const RECORD_ALIGNMENT = 8;

/** Types of a page, in the upper bits of its number. @see domctl.h, XEN_DOMCTL_PFINFO_* */
export const PFINFO_SHIFT = 60;
export const PFINFO_NOTAB = 0;
/** There is no page; nothing of it follows. */
export const PFINFO_XTAB = 0xf;

/** Zeroes behind a body. */
export const paddingOf = (bodyBytes: number): number => -bodyBytes & (RECORD_ALIGNMENT - 1);

export const recordHeader = (type: number, bodyBytes: number): Buffer => {
  const header = Buffer.alloc(RECORD_HEADER_BYTES);
  header.writeUInt32LE(type, 0);
  header.writeUInt32LE(bodyBytes, 4);
  return header;
};

export const record = (type: number, body: Uint8Array = Buffer.alloc(0)): Buffer =>
  Buffer.concat([recordHeader(type, body.length), body, Buffer.alloc(paddingOf(body.length))]);

/** All that comes before the pages. Both image headers are big-endian. */
export const streamStart = (): Buffer => {
  const libxl = Buffer.alloc(LIBXL_HEADER_BYTES);
  libxl.write(LIBXL_IDENT, 'latin1');
  libxl.writeUInt32BE(LIBXL_VERSION, 8);
  const image = Buffer.alloc(LIBXC_HEADER_BYTES).fill(0xff, 0, LIBXC_MARKER_BYTES);
  image.write(LIBXC_ID, LIBXC_MARKER_BYTES, 'latin1');
  image.writeUInt32BE(LIBXC_VERSION, 12);
  const domain = Buffer.alloc(DOMAIN_HEADER_BYTES);
  domain.writeUInt32LE(DOMAIN_TYPE_HVM, 0);
  domain.writeUInt16LE(PAGE_SHIFT, 4);
  domain.writeUInt32LE(XEN_VERSION.major, 8);
  domain.writeUInt32LE(XEN_VERSION.minor, 12);
  return Buffer.concat([libxl, record(LIBXL_LIBXC_CONTEXT), image, domain, record(REC_STATIC_DATA_END)]);
};

export interface StreamEnd {
  readonly tscKhz: number;
  /** Time since the domain's start. */
  readonly elapsedNs: number;
  /** HVM_PARAM_* by index. */
  readonly params: readonly (readonly [index: number, value: number])[];
  readonly context: Uint8Array;
}

/** All that comes behind the pages. */
export const streamEnd = ({tscKhz, elapsedNs, params, context}: StreamEnd): Buffer => {
  const tsc = Buffer.alloc(24);
  tsc.writeUInt32LE(tscKhz, 4);
  tsc.writeBigUInt64LE(BigInt(Math.round(elapsedNs)), 8);
  const list = Buffer.alloc(8 + params.length * 16);
  list.writeUInt32LE(params.length, 0);
  for (const [i, [index, value]] of params.entries()) {
    list.writeBigUInt64LE(BigInt(index), 8 + i * 16);
    list.writeBigUInt64LE(BigInt(value), 16 + i * 16);
  }
  return Buffer.concat([
    record(REC_X86_TSC_INFO, tsc),
    record(REC_HVM_PARAMS, list),
    record(REC_HVM_CONTEXT, context),
    record(REC_END),
    record(LIBXL_END),
  ]);
};
