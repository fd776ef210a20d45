import type {Socket} from 'node:net';
import {
  type ExactReader,
  IHAVEOPT,
  MAX_PAYLOAD_BYTES,
  MAX_STRING_BYTES,
  NBD_FLAG_CAN_MULTI_CONN,
  NBD_FLAG_FIXED_NEWSTYLE,
  NBD_FLAG_HAS_FLAGS,
  NBD_FLAG_NO_ZEROES,
  NBD_FLAG_READ_ONLY,
  NBD_FLAG_SEND_DF,
  NBD_FLAG_SEND_FLUSH,
  NBD_FLAG_SEND_FUA,
  NBD_FLAG_SEND_TRIM,
  NBD_FLAG_SEND_WRITE_ZEROES,
  NBD_INFO_BLOCK_SIZE,
  NBD_INFO_EXPORT,
  NBD_INFO_NAME,
  NBD_OPT_ABORT,
  NBD_OPT_EXPORT_NAME,
  NBD_OPT_GO,
  NBD_OPT_INFO,
  NBD_OPT_LIST,
  NBD_OPT_LIST_META_CONTEXT,
  NBD_OPT_SET_META_CONTEXT,
  NBD_OPT_STRUCTURED_REPLY,
  NBD_REP_ACK,
  NBD_REP_ERR_INVALID,
  NBD_REP_ERR_UNKNOWN,
  NBD_REP_ERR_UNSUP,
  NBD_REP_INFO,
  NBD_REP_META_CONTEXT,
  NBD_REP_SERVER,
  NBDMAGIC,
  OPTION_REPLY_MAGIC,
} from '../../../backends/storage/nbd/index.ts';
import type {ExportedDisk} from './export-disk.ts';

/** Options of one client, and bytes of one. */
const MAX_OPTIONS = 256;
const MAX_OPTION_BYTES = 4 * MAX_STRING_BYTES;
const PREFERRED_BLOCK_BYTES = 4096;
const ZEROES_OF_OLD = 124;

const ALLOCATION = 'base:allocation';
/** Number of that context in this server's replies. */
export const ALLOCATION_ID = 1;

/** What client and server have agreed on. */
export interface Agreement {
  structured: boolean;
  /** The client may ask for the block status. */
  allocation: boolean;
}

/** What comes after an option. */
type Next = 'options' | 'transmission' | 'end';

/** The server's side of the handshake with one client. */
export class Negotiation {
  private readonly socket: Socket;
  private readonly reader: ExactReader;
  private readonly disk: ExportedDisk;
  private readonly name: string;
  private readonly agreed: Agreement = {structured: false, allocation: false};
  private noZeroes = false;

  private readonly handlers: Readonly<Record<number, ((data: Buffer) => Next) | undefined>> = {
    [NBD_OPT_EXPORT_NAME]: (data) => this.exportName(data),
    [NBD_OPT_ABORT]: () => this.abort(),
    [NBD_OPT_LIST]: (data) => this.list(data),
    [NBD_OPT_INFO]: (data) => this.info(NBD_OPT_INFO, data),
    [NBD_OPT_GO]: (data) => this.info(NBD_OPT_GO, data),
    [NBD_OPT_STRUCTURED_REPLY]: (data) => this.structuredReply(data),
    [NBD_OPT_LIST_META_CONTEXT]: (data) => this.metaContext(NBD_OPT_LIST_META_CONTEXT, data),
    [NBD_OPT_SET_META_CONTEXT]: (data) => this.metaContext(NBD_OPT_SET_META_CONTEXT, data),
  };

  /** The export has that name; the empty one, the default, means it, too. */
  constructor(socket: Socket, reader: ExactReader, disk: ExportedDisk, name: string) {
    this.socket = socket;
    this.reader = reader;
    this.disk = disk;
    this.name = name;
  }

  /** Undefined when the client has had enough. @throws when it breaks the protocol */
  async run(): Promise<Agreement | undefined> {
    const greeting = Buffer.alloc(18);
    greeting.writeBigUInt64BE(NBDMAGIC, 0);
    greeting.writeBigUInt64BE(IHAVEOPT, 8);
    greeting.writeUInt16BE(NBD_FLAG_FIXED_NEWSTYLE | NBD_FLAG_NO_ZEROES, 16);
    this.socket.write(greeting);
    const flags = (await this.reader.read(4)).readUInt32BE(0);
    if ((flags & ~(NBD_FLAG_FIXED_NEWSTYLE | NBD_FLAG_NO_ZEROES)) !== 0) throw new Error('unknown client flags');
    this.noZeroes = (flags & NBD_FLAG_NO_ZEROES) !== 0;
    for (let i = 0; i < MAX_OPTIONS; i++) {
      const next = await this.option();
      if (next === 'transmission') return this.agreed;
      if (next === 'end') return undefined;
    }
    throw new Error('too many options');
  }

  private async option(): Promise<Next> {
    const head = await this.reader.read(16);
    const option = head.readUInt32BE(8);
    const length = head.readUInt32BE(12);
    if (head.readBigUInt64BE(0) !== IHAVEOPT) throw new Error('an option without its magic');
    if (length > MAX_OPTION_BYTES) throw new Error(`an option of ${length} bytes`);
    const data = await this.reader.read(length);
    const handler = this.handlers[option];
    return handler === undefined ? this.refuse(option, NBD_REP_ERR_UNSUP, 'not supported') : handler(data);
  }

  /** The option of old: nothing but the end of the connection says no. */
  private exportName(data: Buffer): Next {
    if (!this.isMine(data.toString('utf8'))) return 'end';
    const answer = Buffer.alloc(10 + (this.noZeroes ? 0 : ZEROES_OF_OLD));
    answer.writeBigUInt64BE(BigInt(this.disk.sizeBytes), 0);
    answer.writeUInt16BE(this.flags, 8);
    this.socket.write(answer);
    return 'transmission';
  }

  private abort(): Next {
    this.reply(NBD_OPT_ABORT, NBD_REP_ACK);
    return 'end';
  }

  private list(data: Buffer): Next {
    if (data.length > 0) return this.refuse(NBD_OPT_LIST, NBD_REP_ERR_INVALID, 'no data belongs here');
    this.reply(NBD_OPT_LIST, NBD_REP_SERVER, lengthAnd(this.name));
    return this.acknowledge(NBD_OPT_LIST);
  }

  private info(option: number, data: Buffer): Next {
    const name = readString(data, 0);
    const at = name === undefined ? 0 : 4 + Buffer.byteLength(name);
    if (name === undefined || data.length < at + 2 || data.length !== at + 2 + data.readUInt16BE(at) * 2) {
      return this.refuse(option, NBD_REP_ERR_INVALID, 'malformed');
    }
    if (!this.isMine(name)) return this.refuse(option, NBD_REP_ERR_UNKNOWN, `no export "${name}"`);
    for (let i = at + 2; i < data.length; i += 2) this.inform(option, data.readUInt16BE(i));
    const answer = Buffer.alloc(12);
    answer.writeUInt16BE(NBD_INFO_EXPORT, 0);
    answer.writeBigUInt64BE(BigInt(this.disk.sizeBytes), 2);
    answer.writeUInt16BE(this.flags, 10);
    this.reply(option, NBD_REP_INFO, answer);
    this.acknowledge(option);
    return option === NBD_OPT_GO ? 'transmission' : 'options';
  }

  private inform(option: number, type: number): void {
    if (type === NBD_INFO_NAME) {
      this.reply(option, NBD_REP_INFO, Buffer.concat([u16(NBD_INFO_NAME), Buffer.from(this.name)]));
    }
    if (type !== NBD_INFO_BLOCK_SIZE) return;
    const answer = Buffer.alloc(14);
    answer.writeUInt16BE(NBD_INFO_BLOCK_SIZE, 0);
    answer.writeUInt32BE(this.disk.sectorSize, 2);
    answer.writeUInt32BE(Math.max(PREFERRED_BLOCK_BYTES, this.disk.sectorSize), 6);
    answer.writeUInt32BE(MAX_PAYLOAD_BYTES, 10);
    this.reply(option, NBD_REP_INFO, answer);
  }

  private structuredReply(data: Buffer): Next {
    if (data.length > 0) return this.refuse(NBD_OPT_STRUCTURED_REPLY, NBD_REP_ERR_INVALID, 'no data belongs here');
    this.agreed.structured = true;
    return this.acknowledge(NBD_OPT_STRUCTURED_REPLY);
  }

  private metaContext(option: number, data: Buffer): Next {
    const queries = readQueries(data);
    if (queries === undefined || !this.agreed.structured) return this.refuse(option, NBD_REP_ERR_INVALID, 'malformed');
    if (!this.isMine(queries.name)) return this.refuse(option, NBD_REP_ERR_UNKNOWN, `no export "${queries.name}"`);
    const lists = option === NBD_OPT_LIST_META_CONTEXT;
    const all = lists && (queries.queries.length === 0 || queries.queries.includes('base:'));
    const wanted = all || queries.queries.includes(ALLOCATION);
    if (!lists) this.agreed.allocation = wanted;
    if (wanted) this.reply(option, NBD_REP_META_CONTEXT, Buffer.concat([u32(ALLOCATION_ID), Buffer.from(ALLOCATION)]));
    return this.acknowledge(option);
  }

  private get flags(): number {
    const {canFlush, readonly} = this.disk;
    // A flush of one connection is one of the disk, so of all.
    const always = NBD_FLAG_HAS_FLAGS | NBD_FLAG_SEND_DF | NBD_FLAG_CAN_MULTI_CONN;
    const flushing = NBD_FLAG_SEND_FLUSH | (readonly ? 0 : NBD_FLAG_SEND_FUA);
    const writing = readonly ? NBD_FLAG_READ_ONLY : NBD_FLAG_SEND_TRIM | NBD_FLAG_SEND_WRITE_ZEROES;
    return always | writing | (canFlush ? flushing : 0);
  }

  private isMine(name: string): boolean {
    return name === '' || name === this.name;
  }

  private acknowledge(option: number): Next {
    this.reply(option, NBD_REP_ACK);
    return 'options';
  }

  private refuse(option: number, error: number, why: string): Next {
    this.reply(option, error, Buffer.from(why));
    return 'options';
  }

  private reply(option: number, type: number, data: Buffer = Buffer.alloc(0)): void {
    const head = Buffer.alloc(20);
    head.writeBigUInt64BE(OPTION_REPLY_MAGIC, 0);
    head.writeUInt32BE(option, 8);
    head.writeUInt32BE(type, 12);
    head.writeUInt32BE(data.length, 16);
    this.socket.write(Buffer.concat([head, data]));
  }
}

const u16 = (value: number): Buffer => Buffer.from([value >>> 8, value & 0xff]);

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

const lengthAnd = (text: string): Buffer => Buffer.concat([u32(Buffer.byteLength(text)), Buffer.from(text)]);

/** A string behind its length; undefined when there is none. */
const readString = (data: Buffer, at: number): string | undefined => {
  const length = at + 4 <= data.length ? data.readUInt32BE(at) : Infinity;
  return length <= MAX_STRING_BYTES && at + 4 + length <= data.length
    ? data.toString('utf8', at + 4, at + 4 + length)
    : undefined;
};

const readQueries = (data: Buffer): {name: string; queries: string[]} | undefined => {
  const name = readString(data, 0);
  let at = name === undefined ? Infinity : 4 + Buffer.byteLength(name);
  if (name === undefined || at + 4 > data.length) return undefined;
  const count = data.readUInt32BE(at);
  at += 4;
  const queries: string[] = [];
  while (queries.length < count) {
    const query = readString(data, at);
    if (query === undefined) return undefined;
    queries.push(query);
    at += 4 + Buffer.byteLength(query);
  }
  return at === data.length ? {name, queries} : undefined;
};
