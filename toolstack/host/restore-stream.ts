import {HVM_PARAM_CONSOLE_PFN, HVM_PARAM_STORE_PFN} from '../../hypervisor/abi/hvm/params.ts';
import {type Gfn, HYPERVISOR_FRAMES} from '../../hypervisor/index.ts';
import {type DomainMemory, PAGE_SHIFT, PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import {contextFault} from '../../hypervisor/vcpu/x86/index.ts';
import type {RestoredState} from '../builder/index.ts';
import type {SavedFileReader} from './restore-reader.ts';
import * as stream from './save-stream.ts';

/** What the records of an image have told so far. */
interface Loading {
  readonly memory: DomainMemory;
  /** Frames that a guest can have. */
  readonly frames: number;
  readonly params: Map<number, number>;
  context: Uint8Array | undefined;
}

/** Takes a record in; returns what is wrong with it, if anything. */
type Take = (body: Buffer, loading: Loading) => string | undefined;

/** Reads the streams behind xl's header into an empty memory. Throws ToolstackError. */
export const readStream = async (reader: SavedFileReader, memory: DomainMemory): Promise<RestoredState> => {
  await readHeaders(reader);
  const loading: Loading = {memory, frames: memory.pages - HYPERVISOR_FRAMES, params: new Map(), context: undefined};
  while (await readRecord(reader, loading));
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
  const header = await reader.read(stream.RECORD_HEADER_BYTES, 'record header');
  const [type, bytes] = [header.readUInt32LE(0), header.readUInt32LE(4)];
  if (bytes > stream.REC_LENGTH_MAX) throw reader.refuse(`a record of ${bytes} bytes is longer than any may be`);
  if (type === stream.REC_END) return false;
  const body = await reader.read(bytes + stream.paddingOf(bytes), `record 0x${type.toString(16)}`);
  const take = records[type];
  if (take === undefined && type < stream.REC_OPTIONAL)
    throw reader.refuse(`Unknown record type 0x${type.toString(16)}`);
  const fault = take?.(body.subarray(0, bytes), loading);
  if (fault !== undefined) throw reader.refuse(fault);
  return true;
};

const ignore: Take = () => undefined;

const takePages: Take = (body, {memory, frames}) => {
  const count = body.length < 8 ? 0 : body.readUInt32LE(0);
  let at = 8 + count * 8;
  if (count === 0 || at > body.length) return 'a PAGE_DATA record has no pages';
  for (let i = 0; i < count; i++) {
    const gfn = body.readUInt32LE(8 + i * 8);
    const type = body.readUInt32LE(12 + i * 8) >>> (stream.PFINFO_SHIFT - 32);
    if (gfn >= frames) return `page 0x${gfn.toString(16)} is beyond the domain's memory`;
    if (type === stream.PFINFO_XTAB) {
      memory.punchHole(gfn as Gfn);
      continue;
    }
    if (type !== stream.PFINFO_NOTAB)
      return `page 0x${gfn.toString(16)} is of type ${type}, which an HVM domain has not`;
    if (at + PAGE_SIZE > body.length) return 'a PAGE_DATA record is too short for its pages';
    memory.u8.set(body.subarray(at, at + PAGE_SIZE), gfn * PAGE_SIZE);
    at += PAGE_SIZE;
  }
  return at === body.length ? undefined : 'a PAGE_DATA record is too long for its pages';
};

const takeParams: Take = (body, {params}) => {
  const count = body.length < 8 ? 0 : body.readUInt32LE(0);
  if (body.length !== 8 + count * 16) return 'the HVM_PARAMS record is too short for its parameters';
  for (let i = 0; i < count; i++) {
    params.set(body.readUInt32LE(8 + i * 16), Number(body.readBigUInt64LE(16 + i * 16)));
  }
  return undefined;
};

const takeContext: Take = (body, loading) => {
  const fault = contextFault(body);
  if (fault !== undefined) return `HVM_CONTEXT: ${fault}`;
  loading.context = Uint8Array.from(body);
  return undefined;
};

const records: Readonly<Record<number, Take>> = {
  [stream.REC_STATIC_DATA_END]: ignore,
  [stream.REC_PAGE_DATA]: takePages,
  [stream.REC_X86_TSC_INFO]: ignore,
  [stream.REC_HVM_PARAMS]: takeParams,
  [stream.REC_HVM_CONTEXT]: takeContext,
};
