import {HVM_PARAM_CONSOLE_PFN, HVM_PARAM_STORE_PFN} from '../../hypervisor/abi/hvm/params.ts';
import {type Gfn, HYPERVISOR_FRAMES} from '../../hypervisor/index.ts';
import {type DomainMemory, PAGE_SHIFT, PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import {contextFault} from '../../hypervisor/vcpu/x86/index.ts';
import type {RestoredState} from '../builder/index.ts';
import type {SavedFileReader} from './restore-reader.ts';
import * as stream from './save-stream.ts';

/** Of a PAGE_DATA record. */
const PAGES_HEADER_BYTES = 8;
const PFN_BYTES = 8;

/** What the records of an image have told so far. */
interface Loading {
  readonly memory: DomainMemory;
  /** Frames that a guest can have. */
  readonly frames: number;
  readonly params: Map<number, number>;
  context: Uint8Array | undefined;
}

/** Takes a record of so many bytes in; returns what is wrong with it, if anything. */
type Take = (reader: SavedFileReader, bytes: number, loading: Loading) => Promise<string | undefined>;

/** Reads the streams behind xl's header into an empty memory. Throws ToolstackError. */
export const readStream = async (reader: SavedFileReader, memory: DomainMemory): Promise<RestoredState> => {
  await readHeaders(reader);
  const loading: Loading = {memory, frames: memory.pages - HYPERVISOR_FRAMES, params: new Map(), context: undefined};
  while (await readRecord(reader, loading));
  expect(reader, 'last record', (await readRecordHeader(reader)).type, stream.LIBXL_END);
  const {params, context} = loading;
  const [storeGfn, consoleGfn] = [HVM_PARAM_STORE_PFN, HVM_PARAM_CONSOLE_PFN].map((index) => params.get(index) ?? 0);
  if (context === undefined) throw reader.refuse('it has no HVM_CONTEXT record');
  for (const gfn of [storeGfn, consoleGfn]) {
    if (gfn === 0 || gfn >= loading.frames || !memory.isPopulated(gfn)) throw reader.refuse('it names no ring pages');
  }
  return {frames: {storeGfn: storeGfn as Gfn, consoleGfn: consoleGfn as Gfn}, context};
};

const readHeaders = async (reader: SavedFileReader): Promise<void> => {
  const libxl = await reader.read(stream.LIBXL_HEADER_BYTES, 'stream header');
  const ident = libxl.toString('latin1', 0, 8);
  if (ident !== stream.LIBXL_IDENT) throw reader.refuse(`Invalid ident: expected ${stream.LIBXL_IDENT}`);
  expect(reader, 'version of the libxl stream', libxl.readUInt32BE(8), stream.LIBXL_VERSION);
  const first = await reader.read(stream.RECORD_HEADER_BYTES, 'record header');
  expect(reader, 'first record', first.readUInt32LE(0), stream.LIBXL_LIBXC_CONTEXT);
  const image = await reader.read(stream.LIBXC_HEADER_BYTES, 'image header');
  if (image.toString('latin1', 8, 12) !== stream.LIBXC_ID) throw reader.refuse('it holds no image of libxc');
  expect(reader, 'version of the image', image.readUInt32BE(12), stream.LIBXC_VERSION);
  const domain = await reader.read(stream.DOMAIN_HEADER_BYTES, 'domain header');
  expect(reader, 'type of the domain', domain.readUInt32LE(0), stream.DOMAIN_TYPE_HVM);
  expect(reader, 'page shift', domain.readUInt16LE(4), PAGE_SHIFT);
};

const expect = (reader: SavedFileReader, what: string, found: number, expected: number): void => {
  if (found !== expected) throw reader.refuse(`${what} is ${found}, not ${expected}`);
};

/** False after the last one. */
const readRecord = async (reader: SavedFileReader, loading: Loading): Promise<boolean> => {
  const {type, bytes} = await readRecordHeader(reader);
  if (type === stream.REC_END) return false;
  const take = records[type] ?? (type < stream.REC_OPTIONAL ? undefined : skip);
  if (take === undefined) throw reader.refuse(`Unknown record type 0x${type.toString(16)}`);
  const fault = await take(reader, bytes, loading);
  if (fault !== undefined) throw reader.refuse(fault);
  await reader.read(stream.paddingOf(bytes), 'padding');
  return true;
};

const readRecordHeader = async (reader: SavedFileReader): Promise<{type: number; bytes: number}> => {
  const header = await reader.read(stream.RECORD_HEADER_BYTES, 'record header');
  const [type, bytes] = [header.readUInt32LE(0), header.readUInt32LE(4)];
  if (bytes > stream.REC_LENGTH_MAX) throw reader.refuse(`a record of ${bytes} bytes is longer than any may be`);
  return {type, bytes};
};

/** Reads a RAM disk's blocks into its contents, which are zeroed, or into nowhere, up to the END behind them. */
export const readDisk = async (reader: SavedFileReader, contents: Uint8Array | undefined): Promise<void> => {
  for (;;) {
    const {type, bytes} = await readRecordHeader(reader);
    if (type === stream.REC_END) return;
    const body = await reader.read(bytes, 'a RAM disk');
    const fault = contents && placeBlocks(body, contents);
    if (fault !== undefined) throw reader.refuse(fault);
  }
};

/** Returns what is wrong with the record, if anything. */
const placeBlocks = (body: Buffer, contents: Uint8Array): string | undefined => {
  const count = body.length < PAGES_HEADER_BYTES ? 0 : body.readUInt32LE();
  const blocks = body.subarray(PAGES_HEADER_BYTES + count * PFN_BYTES);
  if (blocks.length !== count * PAGE_SIZE) return 'the blocks of a RAM disk are damaged';
  for (let i = 0; i < count; i++) {
    const at = body.readUInt32LE(PAGES_HEADER_BYTES + i * PFN_BYTES) * PAGE_SIZE;
    if (at >= contents.length) return 'a RAM disk was larger when it was saved';
    contents.set(blocks.subarray(i * PAGE_SIZE, i * PAGE_SIZE + Math.min(PAGE_SIZE, contents.length - at)), at);
  }
  return undefined;
};

const skip: Take = async (reader, bytes) => {
  await reader.read(bytes, 'a record');
  return undefined;
};

/** The pages are read to where they belong. */
const takePages: Take = async (reader, bytes, {memory, frames}) => {
  const count = bytes < PAGES_HEADER_BYTES ? 0 : (await reader.read(PAGES_HEADER_BYTES, 'PAGE_DATA')).readUInt32LE();
  if (count === 0 || PAGES_HEADER_BYTES + count * PFN_BYTES > bytes) return 'a PAGE_DATA record has no pages';
  const pfns = await reader.read(count * PFN_BYTES, 'PAGE_DATA');
  const pages: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    const gfn = pfns.readUInt32LE(i * PFN_BYTES);
    const type = pfns.readUInt32LE(i * PFN_BYTES + 4) >>> (stream.PFINFO_SHIFT - 32);
    if (gfn >= frames) return `page 0x${gfn.toString(16)} is beyond the domain's memory`;
    if (type === stream.PFINFO_XTAB) memory.punchHole(gfn as Gfn);
    else if (type === stream.PFINFO_NOTAB) pages.push(memory.page(gfn as Gfn));
    else return `page 0x${gfn.toString(16)} is of type ${type}, which an HVM domain has not`;
  }
  if (PAGES_HEADER_BYTES + count * PFN_BYTES + pages.length * PAGE_SIZE !== bytes) {
    return 'a PAGE_DATA record is not as long as its pages';
  }
  await reader.readInto(pages, 'PAGE_DATA');
  return undefined;
};

const takeParams: Take = async (reader, bytes, {params}) => {
  const body = await reader.read(bytes, 'HVM_PARAMS');
  const count = body.length < 8 ? 0 : body.readUInt32LE(0);
  if (body.length !== 8 + count * 16) return 'the HVM_PARAMS record is too short for its parameters';
  for (let i = 0; i < count; i++) {
    params.set(body.readUInt32LE(8 + i * 16), Number(body.readBigUInt64LE(16 + i * 16)));
  }
  return undefined;
};

const takeContext: Take = async (reader, bytes, loading) => {
  loading.context = await reader.read(bytes, 'HVM_CONTEXT');
  const fault = contextFault(loading.context);
  return fault && `HVM_CONTEXT: ${fault}`;
};

const records: Readonly<Record<number, Take>> = {
  [stream.REC_STATIC_DATA_END]: skip,
  [stream.REC_PAGE_DATA]: takePages,
  [stream.REC_X86_TSC_INFO]: skip,
  [stream.REC_HVM_PARAMS]: takeParams,
  [stream.REC_HVM_CONTEXT]: takeContext,
};
