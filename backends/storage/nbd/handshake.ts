import type {Socket} from 'node:net';
import type {ExactReader} from './exact-reader.ts';
import {
  IHAVEOPT,
  MAX_PAYLOAD_BYTES,
  MAX_STRING_BYTES,
  NBD_FLAG_FIXED_NEWSTYLE,
  NBD_FLAG_NO_ZEROES,
  NBD_INFO_BLOCK_SIZE,
  NBD_INFO_EXPORT,
  NBD_OPT_EXPORT_NAME,
  NBD_OPT_GO,
  NBD_OPT_STRUCTURED_REPLY,
  NBD_REP_ACK,
  NBD_REP_ERR_UNSUP,
  NBD_REP_FLAG_ERROR,
  NBD_REP_INFO,
  NBDMAGIC,
  OPTION_REPLY_MAGIC,
} from './protocol.ts';

/** What the server says of an export. */
export interface NbdExport {
  sizeBytes: number;
  /** NBD_FLAG_* */
  flags: number;
  structured: boolean;
  minBlockBytes: number;
  maxBlockBytes: number;
}

interface OptionReply {
  type: number;
  data: Buffer;
}

/** The client's side of the handshake. @throws with what the server did wrong, or refused */
export const negotiate = async (socket: Socket, reader: ExactReader, name: string): Promise<NbdExport> => {
  const greeting = await reader.read(18);
  if (greeting.readBigUInt64BE(0) !== NBDMAGIC) throw new Error('not an NBD server');
  if (greeting.readBigUInt64BE(8) !== IHAVEOPT) throw new Error('an NBD server of the old style');
  const offered = greeting.readUInt16BE(16);
  if ((offered & NBD_FLAG_FIXED_NEWSTYLE) === 0) throw new Error('an NBD server without fixed newstyle negotiation');
  const flags = Buffer.alloc(4);
  flags.writeUInt32BE(offered & (NBD_FLAG_FIXED_NEWSTYLE | NBD_FLAG_NO_ZEROES));
  socket.write(flags);
  sendOption(socket, NBD_OPT_STRUCTURED_REPLY, Buffer.alloc(0));
  const {type} = await readReply(reader, NBD_OPT_STRUCTURED_REPLY);
  return go(socket, reader, name, type === NBD_REP_ACK, (offered & NBD_FLAG_NO_ZEROES) !== 0);
};

const go = async (
  socket: Socket,
  reader: ExactReader,
  name: string,
  structured: boolean,
  noZeroes: boolean,
): Promise<NbdExport> => {
  const found: NbdExport = {sizeBytes: -1, flags: 0, structured, minBlockBytes: 1, maxBlockBytes: MAX_PAYLOAD_BYTES};
  sendOption(socket, NBD_OPT_GO, goRequest(name));
  for (;;) {
    const {type, data} = await readReply(reader, NBD_OPT_GO);
    if (type === NBD_REP_ERR_UNSUP) return exportName(socket, reader, name, found, noZeroes);
    if (type >= NBD_REP_FLAG_ERROR) throw new Error(`the export "${name}" is refused: ${reasonOf(type, data)}`);
    if (type === NBD_REP_ACK) break;
    if (type === NBD_REP_INFO) note(found, data);
  }
  if (found.sizeBytes < 0) throw new Error('the server does not say how large the export is');
  return found;
};

const goRequest = (name: string): Buffer => {
  const bytes = Buffer.from(name);
  const request = Buffer.alloc(4 + bytes.length + 4);
  request.writeUInt32BE(bytes.length, 0);
  request.set(bytes, 4);
  request.writeUInt16BE(1, 4 + bytes.length);
  request.writeUInt16BE(NBD_INFO_BLOCK_SIZE, 6 + bytes.length);
  return request;
};

const note = (found: NbdExport, data: Buffer): void => {
  const type = data.length >= 2 ? data.readUInt16BE(0) : -1;
  if (type === NBD_INFO_EXPORT && data.length === 12) {
    found.sizeBytes = Number(data.readBigUInt64BE(2));
    found.flags = data.readUInt16BE(10);
  } else if (type === NBD_INFO_BLOCK_SIZE && data.length === 14) {
    found.minBlockBytes = data.readUInt32BE(2);
    found.maxBlockBytes = Math.min(MAX_PAYLOAD_BYTES, data.readUInt32BE(10));
  }
};

/** What servers had before NBD_OPT_GO. */
const exportName = async (
  socket: Socket,
  reader: ExactReader,
  name: string,
  found: NbdExport,
  noZeroes: boolean,
): Promise<NbdExport> => {
  sendOption(socket, NBD_OPT_EXPORT_NAME, Buffer.from(name));
  const answer = await reader.read(noZeroes ? 10 : 134);
  return {...found, sizeBytes: Number(answer.readBigUInt64BE(0)), flags: answer.readUInt16BE(8)};
};

const sendOption = (socket: Socket, option: number, data: Buffer): void => {
  const head = Buffer.alloc(16);
  head.writeBigUInt64BE(IHAVEOPT, 0);
  head.writeUInt32BE(option, 8);
  head.writeUInt32BE(data.length, 12);
  socket.write(Buffer.concat([head, data]));
};

const readReply = async (reader: ExactReader, option: number): Promise<OptionReply> => {
  const head = await reader.read(20);
  const length = head.readUInt32BE(16);
  const fits = head.readBigUInt64BE(0) === OPTION_REPLY_MAGIC && head.readUInt32BE(8) === option;
  if (!fits || length > 2 * MAX_STRING_BYTES) throw new Error(`a reply to option ${option} that is none`);
  return {type: head.readUInt32BE(12), data: await reader.read(length)};
};

const reasonOf = (type: number, data: Buffer): string =>
  data.length > 0 ? data.toString('utf8') : `error ${type - NBD_REP_FLAG_ERROR}`;
