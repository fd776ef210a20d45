import type {DomId} from '../../hypervisor/index.ts';
import type {DomainConfig} from '../config/index.ts';
import {ToolstackError} from '../errors.ts';
import type {SavedFileReader} from './restore-reader.ts';

/** struct save_file_header of xl: what every file of `xl save` begins with. */
const MAGIC = Buffer.from('Xen saved domain, xl format\n \0 \r', 'latin1');
const BYTE_ORDER = 0x01020304;
const FLAG_JSON = 1;
const FLAG_STREAM_V2 = 2;
const MANDATORY_FLAGS = FLAG_JSON | FLAG_STREAM_V2;
const OPTIONAL_FLAGS = 0;
const HEADER_BYTES = MAGIC.length + 4 * 4;
/** A configuration larger than that is no configuration. */
const MAX_OPTIONAL_BYTES = 8 * 1024 * 1024;

/** Raised with every change that an older pvsim would not understand. */
const FORMAT = 1;

/** What the streams have no place for. It stands behind xl's own configuration, where xl skips what it does not know. */
export interface SavedState {
  readonly format: number;
  /** With absolute paths. */
  readonly config: DomainConfig;
  readonly baseDir: string;
  /** Pages that the domain had, and those that it still owes. */
  readonly pages: number;
  readonly podPages: number;
  /** Frames that it can have. */
  readonly frames: number;
  /** Disks in memory, whose contents stand behind the streams in this order. */
  readonly ramDisks: readonly string[];
  /** The number to give it again; undefined: any. */
  readonly domid?: DomId;
}

/** The numbers of xl's line about a file, "0x3/0x0/1235". */
export interface HeaderInfo {
  readonly mandatoryFlags: number;
  readonly optionalFlags: number;
  readonly optionalBytes: number;
}

export const formatInfo = ({mandatoryFlags, optionalFlags, optionalBytes}: HeaderInfo): string =>
  `info 0x${mandatoryFlags.toString(16)}/0x${optionalFlags.toString(16)}/${optionalBytes}`;

/** `json` is the configuration as libxl writes it. */
export const encodeHeader = (json: string, state: Omit<SavedState, 'format'>): {bytes: Buffer; info: HeaderInfo} => {
  const optional = Buffer.concat([sized(`${json}\0`), sized(JSON.stringify({...state, format: FORMAT}))]);
  const info = {mandatoryFlags: MANDATORY_FLAGS, optionalFlags: OPTIONAL_FLAGS, optionalBytes: optional.length};
  const words = Uint32Array.of(BYTE_ORDER, info.mandatoryFlags, info.optionalFlags, info.optionalBytes);
  return {bytes: Buffer.concat([MAGIC, new Uint8Array(words.buffer), optional]), info};
};

const sized = (text: string): Buffer => {
  const bytes = Buffer.from(text);
  return Buffer.concat([new Uint8Array(Uint32Array.of(bytes.length).buffer), bytes]);
};

/** Reads xl's header, and leaves the reader at the stream. Throws ToolstackError in xl's words. */
export const readHeader = async (reader: SavedFileReader): Promise<{info: HeaderInfo; state: SavedState}> => {
  const head = await reader.read(HEADER_BYTES, 'header');
  if (!head.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw refuse('File has wrong magic number - corrupt or for a different tool?');
  }
  const [byteOrder, mandatoryFlags, optionalFlags, optionalBytes] = [0, 4, 8, 12].map((at) =>
    head.readUInt32LE(MAGIC.length + at),
  );
  if (byteOrder !== BYTE_ORDER) throw refuse('File has wrong byte order');
  const unknown = mandatoryFlags & ~MANDATORY_FLAGS;
  if (unknown !== 0) {
    throw refuse(`Savefile has mandatory flag(s) 0x${unknown.toString(16)} which are not supported; need newer xl`);
  }
  if (optionalBytes > MAX_OPTIONAL_BYTES) throw refuse('Savefile truncated.');
  const optional = await reader.read(optionalBytes, 'optdata');
  const json = takeSized(optional, 0);
  const ours = takeSized(optional, json.end);
  return {info: {mandatoryFlags, optionalFlags, optionalBytes}, state: parseState(ours.bytes, reader.path)};
};

const takeSized = (optional: Buffer, at: number): {bytes: Buffer | undefined; end: number} => {
  if (at === optional.length) return {bytes: undefined, end: at};
  if (at + 4 > optional.length) throw refuse('Savefile truncated.');
  const end = at + 4 + optional.readUInt32LE(at);
  if (end > optional.length) throw refuse('Savefile truncated.');
  return {bytes: optional.subarray(at + 4, end), end};
};

const parseState = (bytes: Buffer | undefined, path: string): SavedState => {
  const state = bytes === undefined ? undefined : parseJson(bytes);
  if (state === undefined)
    throw refuse(`libxl: error: ${path}: saved by another host than pvsim: cannot be restored here`);
  if (state.format !== FORMAT) {
    throw refuse(`libxl: error: ${path}: saved by another version of pvsim (format ${state.format}, not ${FORMAT})`);
  }
  if (!isWhole(state)) throw refuse(`libxl: error: ${path}: what pvsim has written about the domain is damaged`);
  return state;
};

const parseJson = (bytes: Buffer): SavedState | undefined => {
  try {
    const state = JSON.parse(bytes.toString()) as SavedState | null;
    return typeof state?.format === 'number' ? state : undefined;
  } catch {
    return undefined;
  }
};

/** 2 GiB and what is rounded up. */
const MAX_FRAMES = 2 ** 19 + 2 ** 8;

const isWhole = ({config, baseDir, frames, pages, podPages, ramDisks}: Partial<SavedState>): boolean =>
  [frames, pages, podPages].every((count) => Number.isInteger(count) && count! >= 0 && count! <= MAX_FRAMES) &&
  typeof baseDir === 'string' &&
  typeof config?.name === 'string' &&
  Array.isArray(ramDisks) &&
  Array.isArray(config.disks) &&
  Array.isArray(config.vifs);

const refuse = (line: string): ToolstackError => new ToolstackError('EINVAL', line);
