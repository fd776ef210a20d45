import {connect, type Socket} from 'node:net';
import type {IoVector} from '../io-vector.ts';
import {clearVector, scatter} from '../io-vector.ts';
import {ExactReader} from './exact-reader.ts';
import {type NbdExport, negotiate} from './handshake.ts';
import {
  NBD_CMD_DISC,
  NBD_CMD_READ,
  NBD_EIO,
  NBD_REPLY_FLAG_DONE,
  NBD_REPLY_FLAG_ERROR,
  NBD_REPLY_TYPE_NONE,
  NBD_REPLY_TYPE_OFFSET_DATA,
  NBD_REPLY_TYPE_OFFSET_HOLE,
  REQUEST_BYTES,
  REQUEST_MAGIC,
  SIMPLE_REPLY_MAGIC,
  STRUCTURED_REPLY_MAGIC,
} from './protocol.ts';
import type {NbdAddress} from './uri.ts';

/** Longest message of an error chunk. */
const MAX_ERROR_BYTES = 65536;

/** A request that the server has not answered yet. */
export interface NbdRequest {
  /** NBD_CMD_* */
  readonly command: number;
  readonly offset: number;
  readonly length: number;
  /** What a write carries. */
  readonly payload?: Buffer;
  /** Where a read goes. */
  readonly vector?: IoVector;
  /** Gets 0, or -errno. */
  readonly done: (result: number) => void;
}

/** One connection to a server, from the handshake on. */
export class NbdConnection {
  readonly export: NbdExport;
  private readonly socket: Socket;
  private readonly reader: ExactReader;
  private readonly waiting: Map<number, NbdRequest>;
  /** Of reads whose chunks come one by one: bytes so far, and the first error. */
  private readonly partial = new Map<number, {bytes: number; error: number}>();

  /** `waiting`: requests by cookie, for the connection to take those away that were answered. */
  static async open(
    address: NbdAddress,
    waiting: Map<number, NbdRequest>,
    onSocket: (socket: Socket) => void,
  ): Promise<NbdConnection> {
    const socket = connect(address.connect);
    onSocket(socket);
    socket.setNoDelay(true);
    const reader = new ExactReader(socket);
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve);
        socket.once('error', reject);
        socket.once('close', () => reject(new Error('the connection was closed')));
      });
      socket.on('error', () => undefined);
      return new NbdConnection(socket, reader, await negotiate(socket, reader, address.exportName), waiting);
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }

  private constructor(socket: Socket, reader: ExactReader, found: NbdExport, waiting: Map<number, NbdRequest>) {
    this.socket = socket;
    this.reader = reader;
    this.export = found;
    this.waiting = waiting;
  }

  /** Takes replies until the connection ends, and says why it did. */
  async serve(): Promise<string> {
    try {
      for (;;) await this.takeReply();
    } catch (error) {
      this.socket.destroy();
      return error instanceof Error ? error.message : String(error);
    }
  }

  send(cookie: number, {command, offset, length, payload}: NbdRequest): void {
    const head = Buffer.alloc(REQUEST_BYTES);
    head.writeUInt32BE(REQUEST_MAGIC, 0);
    head.writeUInt16BE(command, 6);
    head.writeUInt32BE(cookie, 12);
    head.writeUInt32BE(Math.floor(offset / 2 ** 32), 16);
    head.writeUInt32BE(offset >>> 0, 20);
    head.writeUInt32BE(length, 24);
    this.socket.write(head);
    if (payload !== undefined) this.socket.write(payload);
  }

  close(): void {
    this.send(0, {command: NBD_CMD_DISC, offset: 0, length: 0, done: () => undefined});
    this.socket.end();
  }

  private async takeReply(): Promise<void> {
    const magic = (await this.reader.read(4)).readUInt32BE(0);
    if (magic === SIMPLE_REPLY_MAGIC) return this.takeSimple();
    if (magic === STRUCTURED_REPLY_MAGIC && this.export.structured) return this.takeChunk();
    throw new Error(`a reply with the magic 0x${magic.toString(16)}`);
  }

  private async takeSimple(): Promise<void> {
    const head = await this.reader.read(12);
    const error = head.readUInt32BE(0);
    const [cookie, request] = this.find(head, 4);
    if (request.command === NBD_CMD_READ && error === 0) {
      if (this.export.structured) throw new Error('a simple reply to a read');
      this.fill(request, request.offset, await this.reader.read(request.length));
    }
    this.finish(cookie, request, error);
  }

  private async takeChunk(): Promise<void> {
    const head = await this.reader.read(16);
    const flags = head.readUInt16BE(0);
    const type = head.readUInt16BE(2);
    const [cookie, request] = this.find(head, 4);
    const length = head.readUInt32BE(12);
    if (length > request.length + 8 && length > MAX_ERROR_BYTES) throw new Error(`a chunk of ${length} bytes`);
    const data = await this.reader.read(length);
    const state = this.partial.get(cookie) ?? {bytes: 0, error: 0};
    this.partial.set(cookie, state);
    this.takeData(request, type, data, state);
    if ((flags & NBD_REPLY_FLAG_DONE) === 0) return;
    if (request.command === NBD_CMD_READ && state.error === 0 && state.bytes !== request.length) {
      throw new Error(`a read of ${request.length} bytes got ${state.bytes}`);
    }
    this.finish(cookie, request, state.error);
  }

  private takeData(request: NbdRequest, type: number, data: Buffer, state: {bytes: number; error: number}): void {
    if (type === NBD_REPLY_TYPE_NONE && data.length === 0) return;
    if ((type & NBD_REPLY_FLAG_ERROR) !== 0 && data.length >= 6) {
      state.error ||= data.readUInt32BE(0) || NBD_EIO;
      return;
    }
    const isRead = request.command === NBD_CMD_READ && data.length > 8;
    if (isRead && type === NBD_REPLY_TYPE_OFFSET_DATA) {
      state.bytes += this.fill(request, Number(data.readBigUInt64BE(0)), data.subarray(8));
    } else if (isRead && type === NBD_REPLY_TYPE_OFFSET_HOLE && data.length === 12) {
      state.bytes += this.hole(request, Number(data.readBigUInt64BE(0)), data.readUInt32BE(8));
    } else throw new Error(`a chunk of type ${type} with ${data.length} bytes`);
  }

  private find(head: Buffer, at: number): [number, NbdRequest] {
    const cookie = head.readUInt32BE(at + 4);
    const request = head.readUInt32BE(at) === 0 ? this.waiting.get(cookie) : undefined;
    if (request === undefined) throw new Error(`a reply to a request ${cookie} that is not out`);
    return [cookie, request];
  }

  private fill(request: NbdRequest, offset: number, bytes: Buffer): number {
    const {vector} = request;
    const from = this.inside(request, offset, bytes.length);
    if (vector !== undefined) scatter(bytes, vector, from);
    return bytes.length;
  }

  private hole(request: NbdRequest, offset: number, length: number): number {
    const from = this.inside(request, offset, length);
    if (request.vector !== undefined) clearVector(request.vector, from, length);
    return length;
  }

  private inside(request: NbdRequest, offset: number, length: number): number {
    const from = offset - request.offset;
    if (from >= 0 && from + length <= request.length) return from;
    throw new Error(`${length} bytes at ${offset} were not asked for`);
  }

  private finish(cookie: number, request: NbdRequest, error: number): void {
    this.waiting.delete(cookie);
    this.partial.delete(cookie);
    request.done(-error);
  }
}
