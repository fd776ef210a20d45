import type {Socket} from 'node:net';
import {
  type ExactReader,
  MAX_PAYLOAD_BYTES,
  NBD_CMD_BLOCK_STATUS,
  NBD_CMD_DISC,
  NBD_CMD_FLAG_FUA,
  NBD_CMD_FLUSH,
  NBD_CMD_READ,
  NBD_CMD_TRIM,
  NBD_CMD_WRITE,
  NBD_CMD_WRITE_ZEROES,
  NBD_EINVAL,
  NBD_ENOSPC,
  NBD_EPERM,
  NBD_REPLY_FLAG_DONE,
  NBD_REPLY_TYPE_BLOCK_STATUS,
  NBD_REPLY_TYPE_ERROR,
  NBD_REPLY_TYPE_OFFSET_DATA,
  REQUEST_BYTES,
  REQUEST_MAGIC,
  SIMPLE_REPLY_MAGIC,
  STRUCTURED_REPLY_MAGIC,
} from '../../../backends/storage/nbd/index.ts';
import {type ExportedDisk, nbdErrorOf} from './export-disk.ts';
import {type Agreement, ALLOCATION_ID} from './negotiation.ts';

/** Requests of one client under way at once, and bytes that they hold. */
const MAX_REQUESTS = 64;
const MAX_HELD_BYTES = 2 * MAX_PAYLOAD_BYTES;

interface Request {
  flags: number;
  command: number;
  /** The client's own number, sent back as it came. */
  cookie: Buffer;
  offset: number;
  length: number;
  payload: Buffer;
}

/** An error number of the protocol, or what a read answers with. */
type Answer = number | Uint8Array;

/** Serves the requests of one client, many at once, in whatever order they end. */
export class Transmission {
  private readonly socket: Socket;
  private readonly reader: ExactReader;
  private readonly disk: ExportedDisk;
  private readonly agreed: Agreement;
  private requests = 0;
  private heldBytes = 0;
  private wake: (() => void) | undefined;

  private readonly commands: Readonly<Record<number, ((request: Request) => Promise<Answer>) | undefined>> = {
    [NBD_CMD_READ]: ({offset, length}) => this.disk.read(offset, length),
    [NBD_CMD_WRITE]: (request) => this.write(request, () => this.disk.write(request.offset, request.payload)),
    [NBD_CMD_FLUSH]: () => this.disk.flush().then(() => 0),
    [NBD_CMD_TRIM]: (request) => this.write(request, () => this.disk.trim(request.offset, request.length)),
    [NBD_CMD_WRITE_ZEROES]: (request) =>
      this.write(request, () => this.disk.writeZeroes(request.offset, request.length)),
    [NBD_CMD_BLOCK_STATUS]: ({length}) => Promise.resolve(blockStatus(length)),
  };

  constructor(socket: Socket, reader: ExactReader, disk: ExportedDisk, agreed: Agreement) {
    this.socket = socket;
    this.reader = reader;
    this.disk = disk;
    this.agreed = agreed;
  }

  /** Resolves when the client says goodbye, and all that it asked for is done. @throws when it breaks the protocol */
  async run(): Promise<void> {
    for (;;) {
      const request = await this.takeRequest();
      if (request.command === NBD_CMD_DISC) break;
      this.begin(request);
      await this.roomFor(() => this.requests < MAX_REQUESTS && this.heldBytes < MAX_HELD_BYTES);
    }
    await this.roomFor(() => this.requests === 0);
  }

  private async takeRequest(): Promise<Request> {
    const head = await this.reader.read(REQUEST_BYTES);
    if (head.readUInt32BE(0) !== REQUEST_MAGIC) throw new Error('a request without its magic');
    const command = head.readUInt16BE(6);
    const length = head.readUInt32BE(24);
    if (command === NBD_CMD_WRITE && length > MAX_PAYLOAD_BYTES) throw new Error(`a write of ${length} bytes`);
    return {
      flags: head.readUInt16BE(4),
      command,
      cookie: head.subarray(8, 16),
      offset: head.readUInt32BE(16) * 2 ** 32 + head.readUInt32BE(20),
      length,
      payload: await this.reader.read(command === NBD_CMD_WRITE ? length : 0),
    };
  }

  private begin(request: Request): void {
    const held =
      request.command === NBD_CMD_READ ? Math.min(request.length, MAX_PAYLOAD_BYTES) : request.payload.length;
    this.requests++;
    this.heldBytes += held;
    void this.perform(request)
      .catch((error: unknown) => nbdErrorOf(error))
      .then((answer) => this.answer(request, answer))
      .then(() => {
        this.requests--;
        this.heldBytes -= held;
        this.wake?.();
      });
  }

  private async perform(request: Request): Promise<Answer> {
    const command = this.commands[request.command];
    if (command === undefined) return NBD_EINVAL;
    const fault = this.faultOf(request);
    return fault === 0 ? command(request) : fault;
  }

  private faultOf({command, offset, length}: Request): number {
    if (command === NBD_CMD_FLUSH) return 0;
    if (command === NBD_CMD_BLOCK_STATUS && !this.agreed.allocation) return NBD_EINVAL;
    const {sizeBytes, sectorSize, readonly} = this.disk;
    const reads = command === NBD_CMD_READ || command === NBD_CMD_BLOCK_STATUS;
    if (!reads && readonly) return NBD_EPERM;
    if (offset + length > sizeBytes) return reads ? NBD_EINVAL : NBD_ENOSPC;
    if (offset % sectorSize !== 0 || length % sectorSize !== 0 || length === 0) return NBD_EINVAL;
    return command === NBD_CMD_READ && length > MAX_PAYLOAD_BYTES ? NBD_EINVAL : 0;
  }

  private async write({flags}: Request, step: () => Promise<void>): Promise<number> {
    await step();
    if ((flags & NBD_CMD_FLAG_FUA) !== 0) await this.disk.flush();
    return 0;
  }

  /** Resolves when the client can take more. */
  private async answer(request: Request, answer: Answer): Promise<void> {
    const {socket} = this;
    if (socket.destroyed) return;
    const head = this.replyHead(request, answer);
    socket.cork();
    socket.write(head);
    if (typeof answer !== 'number') socket.write(answer);
    socket.uncork();
    if (!socket.writableNeedDrain) return;
    await new Promise<void>((resolve) => {
      socket.once('drain', resolve);
      socket.once('close', resolve);
    });
  }

  private replyHead({command, cookie, offset}: Request, answer: Answer): Buffer {
    const data = typeof answer === 'number' ? undefined : answer;
    if (!this.agreed.structured || (command !== NBD_CMD_READ && command !== NBD_CMD_BLOCK_STATUS)) {
      const simple = Buffer.alloc(16);
      simple.writeUInt32BE(SIMPLE_REPLY_MAGIC, 0);
      simple.writeUInt32BE(typeof answer === 'number' ? answer : 0, 4);
      simple.set(cookie, 8);
      return simple;
    }
    if (data === undefined) return chunk(cookie, NBD_REPLY_TYPE_ERROR, errorData(answer as number), 0);
    if (command === NBD_CMD_BLOCK_STATUS)
      return chunk(cookie, NBD_REPLY_TYPE_BLOCK_STATUS, Buffer.alloc(0), data.length);
    const where = Buffer.alloc(8);
    where.writeBigUInt64BE(BigInt(offset));
    return chunk(cookie, NBD_REPLY_TYPE_OFFSET_DATA, where, data.length);
  }

  private async roomFor(enough: () => boolean): Promise<void> {
    while (!enough()) {
      await new Promise<void>((resolve) => (this.wake = resolve));
      this.wake = undefined;
    }
  }
}

/** The only chunk of a reply, up to the bytes that follow it. */
const chunk = (cookie: Buffer, type: number, data: Buffer, following: number): Buffer => {
  const head = Buffer.alloc(20);
  head.writeUInt32BE(STRUCTURED_REPLY_MAGIC, 0);
  head.writeUInt16BE(NBD_REPLY_FLAG_DONE, 4);
  head.writeUInt16BE(type, 6);
  head.set(cookie, 8);
  head.writeUInt32BE(data.length + following, 16);
  return Buffer.concat([head, data]);
};

const errorData = (error: number): Buffer => {
  const data = Buffer.alloc(6);
  data.writeUInt32BE(error);
  return data;
};

/** All of it may hold data: a PV frontend does not learn more. */
const blockStatus = (length: number): Buffer => {
  const data = Buffer.alloc(12);
  data.writeUInt32BE(ALLOCATION_ID, 0);
  data.writeUInt32BE(length, 4);
  return data;
};
