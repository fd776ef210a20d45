/** The header of qcow2 images. @see the qcow2 specification of QEMU (docs/interop/qcow2.txt), "Header" */

const MAGIC = 0x514649fb;
const V2_BYTES = 72;
const V3_BYTES = 104;

/** Where what changes stands. */
export const REFCOUNT_TABLE_FIELD = 48;
export const INCOMPATIBLE_FIELD = 72;
export const AUTOCLEAR_FIELD = 88;

export const INCOMPAT_DIRTY = 1;
export const INCOMPAT_CORRUPT = 2;
const INCOMPAT_DATA_FILE = 4;
const INCOMPAT_COMPRESSION = 8;
const INCOMPAT_EXTENDED_L2 = 16;
const INCOMPAT_KNOWN =
  INCOMPAT_DIRTY | INCOMPAT_CORRUPT | INCOMPAT_DATA_FILE | INCOMPAT_COMPRESSION | INCOMPAT_EXTENDED_L2;
const COMPAT_LAZY_REFCOUNTS = 1;
const AUTOCLEAR_BITMAPS = 1;

const EXTENSION_END = 0;
const EXTENSION_BACKING_FORMAT = 0xe2792aca;
const EXTENSION_FEATURE_NAMES = 0x6803f857;
const FEATURE_NAME_BYTES = 48;

/** QEMU's limits. */
const MAX_L1_BYTES = 32 * 2 ** 20;
const MAX_REFCOUNT_TABLE_BYTES = 8 * 2 ** 20;
const MAX_SNAPSHOTS = 65536;
const MAX_BACKING_NAME = 1023;

export const L1_ENTRY_BYTES = 8;

export interface Qcow2Header {
  readonly version: 2 | 3;
  readonly clusterBits: number;
  readonly clusterBytes: number;
  /** Of the disk. */
  readonly sizeBytes: number;
  readonly backingFile: string | undefined;
  /** As the extension says it: "raw", "qcow2", "vpc". */
  readonly backingFormat: string | undefined;
  readonly l1Entries: number;
  readonly l1Offset: number;
  readonly refcountTableOffset: number;
  readonly refcountTableClusters: number;
  /** A refcount has 2 ** refcountOrder bits. */
  readonly refcountOrder: number;
  readonly snapshots: number;
  readonly snapshotsOffset: number;
  readonly compression: 'zlib' | 'zstd';
  readonly dirty: boolean;
  readonly corrupt: boolean;
  readonly lazyRefcounts: boolean;
  /** The words of the bits, to be written back with one of them changed. */
  readonly incompatible: number;
  readonly hasAutoclear: boolean;
  /** Has persistent bitmaps of QEMU that are up to date. */
  readonly hasBitmaps: boolean;
}

/** What is wrong with a header; the image's name is put before it. */
export class HeaderFault extends Error {}

const refuse = (reason: string): never => {
  throw new HeaderFault(reason);
};

/**
 * Reads the header from the first bytes of a file, as many as a cluster has or fewer.
 * @throws HeaderFault
 */
export const parseHeader = (bytes: Buffer, fileBytes: number): Qcow2Header => {
  if (bytes.length < V2_BYTES) refuse(`${bytes.length} bytes are too few for a qcow2 header`);
  if (bytes.readUInt32BE(0) !== MAGIC) refuse('not a qcow2 image: the magic is not QFI\\xfb');
  const version = bytes.readUInt32BE(4);
  if (version !== 2 && version !== 3) refuse(`version ${version} of qcow2 (2 and 3 are known)`);
  if (version === 3 && bytes.length < V3_BYTES) refuse(`${bytes.length} bytes are too few for a qcow2 v3 header`);
  const clusterBits = bytes.readUInt32BE(20);
  if (clusterBits < 9 || clusterBits > 21) refuse(`cluster_bits ${clusterBits} at byte 20 (9 to 21 are valid)`);
  if (bytes.readUInt32BE(32) !== 0) refuse('encrypted images are not supported (crypt_method at byte 32)');
  const v3 = version === 3 ? parseV3(bytes, 2 ** clusterBits) : v2Fields;
  const extensions = parseExtensions(bytes, v3.headerBytes);
  refuseFeatures(v3.incompatible, v3.incompatibleHigh, extensions.names);
  const header: Qcow2Header = {
    version: version as 2 | 3,
    clusterBits,
    clusterBytes: 2 ** clusterBits,
    sizeBytes: u64(bytes, 24, 'the size of the disk'),
    backingFile: backingName(bytes),
    backingFormat: extensions.backingFormat,
    l1Entries: bytes.readUInt32BE(36),
    l1Offset: u64(bytes, 40, 'the L1 table'),
    refcountTableOffset: u64(bytes, 48, 'the refcount table'),
    refcountTableClusters: bytes.readUInt32BE(56),
    refcountOrder: v3.refcountOrder,
    snapshots: bytes.readUInt32BE(60),
    snapshotsOffset: u64(bytes, 64, 'the snapshot table'),
    compression: v3.compression,
    dirty: (v3.incompatible & INCOMPAT_DIRTY) !== 0,
    corrupt: (v3.incompatible & INCOMPAT_CORRUPT) !== 0,
    lazyRefcounts: v3.lazyRefcounts,
    incompatible: v3.incompatible,
    hasAutoclear: v3.hasAutoclear,
    hasBitmaps: v3.hasBitmaps,
  };
  checkTables(header, fileBytes);
  return header;
};

interface V3Fields {
  incompatible: number;
  incompatibleHigh: number;
  lazyRefcounts: boolean;
  hasAutoclear: boolean;
  hasBitmaps: boolean;
  refcountOrder: number;
  headerBytes: number;
  compression: 'zlib' | 'zstd';
}

const v2Fields: V3Fields = {
  incompatible: 0,
  incompatibleHigh: 0,
  lazyRefcounts: false,
  hasAutoclear: false,
  hasBitmaps: false,
  refcountOrder: 4,
  headerBytes: V2_BYTES,
  compression: 'zlib',
};

const parseV3 = (bytes: Buffer, clusterBytes: number): V3Fields => {
  const incompatible = bytes.readUInt32BE(INCOMPATIBLE_FIELD + 4);
  const refcountOrder = bytes.readUInt32BE(96);
  if (refcountOrder > 6) refuse(`refcount_order ${refcountOrder} at byte 96 (0 to 6 are valid)`);
  const headerBytes = bytes.readUInt32BE(100);
  if (headerBytes < V3_BYTES || headerBytes > clusterBytes) refuse(`header_length ${headerBytes} at byte 100`);
  const type = headerBytes > V3_BYTES && bytes.length > V3_BYTES ? bytes[V3_BYTES] : 0;
  if (type > 1) refuse(`compression_type ${type} at byte 104 (0 zlib and 1 zstd are known)`);
  const declared = (incompatible & INCOMPAT_COMPRESSION) !== 0;
  if (declared !== (type !== 0)) refuse(`compression_type ${type}, and its incompatible bit says otherwise`);
  return {
    incompatible,
    incompatibleHigh: bytes.readUInt32BE(INCOMPATIBLE_FIELD),
    lazyRefcounts: (bytes.readUInt32BE(84) & COMPAT_LAZY_REFCOUNTS) !== 0,
    hasAutoclear: bytes.readUInt32BE(AUTOCLEAR_FIELD) !== 0 || bytes.readUInt32BE(AUTOCLEAR_FIELD + 4) !== 0,
    hasBitmaps: (bytes.readUInt32BE(AUTOCLEAR_FIELD + 4) & AUTOCLEAR_BITMAPS) !== 0,
    refcountOrder,
    headerBytes,
    compression: type === 1 ? 'zstd' : 'zlib',
  };
};

interface Extensions {
  backingFormat: string | undefined;
  /** Of incompatible features, by bit. */
  names: Map<number, string>;
}

/** @see "Header extensions". Those not known are left where they are. */
const parseExtensions = (bytes: Buffer, start: number): Extensions => {
  const found: Extensions = {backingFormat: undefined, names: new Map()};
  const backingAt = bytes.readUInt32BE(8) === 0 ? bytes.readUInt32BE(12) : 0;
  const end = backingAt > start && backingAt < bytes.length ? backingAt : bytes.length;
  for (let at = start; at + 8 <= end;) {
    const type = bytes.readUInt32BE(at);
    const length = bytes.readUInt32BE(at + 4);
    if (type === EXTENSION_END) break;
    if (at + 8 + length > end) refuse(`header extension 0x${type.toString(16)} at byte ${at} goes beyond the header`);
    const data = bytes.subarray(at + 8, at + 8 + length);
    if (type === EXTENSION_BACKING_FORMAT) found.backingFormat = data.toString('latin1');
    if (type === EXTENSION_FEATURE_NAMES) readNames(data, found.names);
    at += 8 + Math.ceil(length / 8) * 8;
  }
  return found;
};

const readNames = (data: Buffer, names: Map<number, string>): void => {
  for (let at = 0; at + FEATURE_NAME_BYTES <= data.length; at += FEATURE_NAME_BYTES) {
    const [kind, bit] = [data[at], data[at + 1]];
    const name = data.toString('latin1', at + 2, at + FEATURE_NAME_BYTES).replace(/\0.*$/s, '');
    if (kind === 0) names.set(bit, name);
  }
};

const refuseFeatures = (low: number, high: number, names: Map<number, string>): void => {
  if ((low & INCOMPAT_DATA_FILE) !== 0) refuse('an external data file is not supported');
  if ((low & INCOMPAT_EXTENDED_L2) !== 0) refuse('extended L2 entries (subclusters) are not supported');
  const unknown: string[] = [];
  for (let bit = 0; bit < 64; bit++) {
    const set = ((bit < 32 ? low & ~INCOMPAT_KNOWN : high) >>> (bit % 32)) & 1;
    if (set === 1) unknown.push(names.get(bit) ?? `bit ${bit}`);
  }
  if (unknown.length > 0) refuse(`unsupported incompatible feature: ${unknown.join(', ')}`);
};

const backingName = (bytes: Buffer): string | undefined => {
  const at = u64(bytes, 8, 'the name of the backing file');
  const length = bytes.readUInt32BE(16);
  if (at === 0) return undefined;
  if (length > MAX_BACKING_NAME || at + length > bytes.length) {
    refuse(`the name of the backing file, ${length} bytes at ${at}, is not in the first cluster`);
  }
  return bytes.toString('utf8', at, at + length);
};

const u64 = (bytes: Buffer, at: number, what: string): number => {
  const value = bytes.readUInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);
  return Number.isSafeInteger(value) ? value : refuse(`${what} is ${value}, at byte ${at}`);
};

const checkTables = (header: Qcow2Header, fileBytes: number): void => {
  const {clusterBytes, l1Entries, l1Offset, refcountTableClusters, refcountTableOffset, sizeBytes} = header;
  const inFile = (what: string, offset: number, length: number, maxBytes: number): void => {
    if (length > maxBytes) refuse(`${what} of ${length} bytes is too large`);
    if (length > 0 && (offset === 0 || offset % clusterBytes !== 0)) refuse(`${what} at ${offset} is not at a cluster`);
    if (offset + length > fileBytes) {
      refuse(`truncated: ${what} ends at byte ${offset + length}, the file at ${fileBytes}`);
    }
  };
  if (refcountTableClusters === 0) refuse('no refcount table');
  inFile('the refcount table', refcountTableOffset, refcountTableClusters * clusterBytes, MAX_REFCOUNT_TABLE_BYTES);
  inFile('the L1 table', l1Offset, l1Entries * L1_ENTRY_BYTES, MAX_L1_BYTES);
  const perL2 = (clusterBytes / 8) * clusterBytes;
  const needed = Math.ceil(sizeBytes / perL2);
  if (l1Entries < needed)
    refuse(`an L1 table of ${l1Entries} entries, and a disk of ${sizeBytes} bytes needs ${needed}`);
  if (header.snapshots > MAX_SNAPSHOTS) refuse(`${header.snapshots} snapshots`);
  if (header.snapshots > 0) inFile('the snapshot table', header.snapshotsOffset, header.snapshots * 40, MAX_L1_BYTES);
};
