import type {Socket} from 'node:net';
import {EIO} from '../../../hypervisor/errno.ts';
import type {Clock} from '../image-file.ts';
import {gather, type IoVector} from '../io-vector.ts';
import {type Completion, PENDING, SECTOR_BYTES, type Storage, StorageError} from '../storage.ts';
import {NbdConnection, type NbdRequest} from './connection.ts';
import {
  NBD_CMD_FLUSH,
  NBD_CMD_READ,
  NBD_CMD_WRITE,
  NBD_CMD_WRITE_ZEROES,
  NBD_FLAG_READ_ONLY,
  NBD_FLAG_SEND_FLUSH,
  NBD_FLAG_SEND_WRITE_ZEROES,
} from './protocol.ts';
import {type NbdAddress, parseNbdUri} from './uri.ts';

const CONNECT_TIMEOUT_NS = 5e9;
/** Waits of 0.1 s and twice as long each time: 6 s until requests fail. */
const ATTEMPTS = 6;
const FIRST_DELAY_NS = 1e8;
const MAX_CLEAR_BYTES = 2 ** 30;
const CLEAR_UNIT_BYTES = 4096;

/** Opens an export of an NBD server. */
export const openNbd = async (uri: string, readonly: boolean, clock: Clock): Promise<Storage | StorageError> => {
  const address = parseNbdUri(uri);
  if (typeof address === 'string') return new StorageError('bad-target', `${uri}: ${address}`);
  const waiting = new Map<number, NbdRequest>();
  let connection: NbdConnection;
  try {
    connection = await connectInTime(address, waiting, clock);
  } catch (error) {
    return new StorageError('io', `${uri}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const {flags, minBlockBytes} = connection.export;
  const refuse = (code: 'access' | 'bad-target', why: string): StorageError => {
    connection.close();
    return new StorageError(code, `${uri}: ${why}`);
  };
  if (!readonly && (flags & NBD_FLAG_READ_ONLY) !== 0) return refuse('access', 'the export is read-only');
  if (minBlockBytes > SECTOR_BYTES)
    return refuse('bad-target', `it has blocks of ${minBlockBytes} bytes, disks of 512`);
  return new NbdStorage({uri, address, readonly, clock, connection, waiting});
};

const connectInTime = async (
  address: NbdAddress,
  waiting: Map<number, NbdRequest>,
  clock: Clock,
): Promise<NbdConnection> => {
  let socket: Socket | undefined;
  const timer = clock.after(CONNECT_TIMEOUT_NS, () => socket?.destroy());
  try {
    return await NbdConnection.open(address, waiting, (opened) => (socket = opened));
  } finally {
    timer.cancel();
  }
};

/**
 * A disk behind an NBD server. A connection that breaks is made anew, and what was not answered is asked again; when
 * that does not work, requests fail. What had been written and not flushed before it broke may be lost with the server:
 * the next flush fails to say so.
 */
class NbdStorage implements Storage {
  readonly sizeBytes: number;
  readonly readonly: boolean;
  readonly discardGranularity: number;
  private readonly uri: string;
  private readonly address: NbdAddress;
  private readonly clock: Clock;
  private readonly flags: number;
  /** Requests that are not answered, by cookie. */
  private readonly waiting: Map<number, NbdRequest>;
  private connection: NbdConnection | undefined;
  private reconnecting = false;
  private nextCookie = 1;
  private unflushed = false;
  private lost = false;
  private closed = false;
  private lastError = '';

  constructor(options: {
    uri: string;
    address: NbdAddress;
    readonly: boolean;
    clock: Clock;
    connection: NbdConnection;
    waiting: Map<number, NbdRequest>;
  }) {
    const {sizeBytes, flags} = options.connection.export;
    this.uri = options.uri;
    this.address = options.address;
    this.clock = options.clock;
    this.readonly = options.readonly;
    this.waiting = options.waiting;
    this.sizeBytes = sizeBytes;
    this.flags = flags;
    this.discardGranularity = (flags & NBD_FLAG_SEND_WRITE_ZEROES) !== 0 ? CLEAR_UNIT_BYTES : 0;
    this.use(options.connection);
  }

  read(vector: IoVector, offset: number, completion: Completion): number {
    const length = vector.lengthBytes;
    return this.ask({command: NBD_CMD_READ, offset, length, vector, done: ending(completion, length)});
  }

  write(vector: IoVector, offset: number, completion: Completion): number {
    const length = vector.lengthBytes;
    const payload = gather(vector);
    return this.ask({command: NBD_CMD_WRITE, offset, length, payload, done: this.written(completion, length)});
  }

  flush(completion: Completion): number {
    if (this.lost) {
      this.lost = false;
      return -EIO;
    }
    this.unflushed = false;
    if ((this.flags & NBD_FLAG_SEND_FLUSH) === 0) return 0;
    return this.ask({command: NBD_CMD_FLUSH, offset: 0, length: 0, done: ending(completion, 0)});
  }

  discard(offset: number, left: number, completion: Completion): number {
    const length = Math.min(left, MAX_CLEAR_BYTES);
    return this.ask({command: NBD_CMD_WRITE_ZEROES, offset, length, done: this.written(completion, length)});
  }

  close(): void {
    this.closed = true;
    this.connection?.close();
    this.connection = undefined;
  }

  toString(): string {
    const state = this.connection === undefined ? `not connected: ${this.lastError}` : 'connected';
    return `${this.uri} ${this.sizeBytes} bytes${this.readonly ? ', read-only' : ''}, ${state}`;
  }

  private ask(request: NbdRequest): number {
    const cookie = this.nextCookie;
    this.nextCookie = (this.nextCookie + 1) >>> 0;
    this.waiting.set(cookie, request);
    if (this.connection === undefined) void this.reconnect();
    else this.connection.send(cookie, request);
    return PENDING;
  }

  private written(completion: Completion, length: number): (result: number) => void {
    const end = ending(completion, length);
    return (result) => {
      this.unflushed = true;
      end(result);
    };
  }

  private use(connection: NbdConnection): void {
    this.connection = connection;
    void connection.serve().then((reason) => this.onLost(reason));
  }

  private onLost(reason: string): void {
    this.connection = undefined;
    if (this.closed) return;
    this.lastError = reason;
    this.lost ||= this.unflushed;
    this.unflushed = false;
    if (this.waiting.size > 0) void this.reconnect();
  }

  private async reconnect(): Promise<void> {
    if (this.reconnecting) return;
    this.reconnecting = true;
    const connection = await this.connectAgain();
    this.reconnecting = false;
    if (this.closed) return connection?.close();
    if (connection === undefined) return this.failAll();
    for (const [cookie, request] of this.waiting) connection.send(cookie, request);
    this.use(connection);
  }

  private async connectAgain(): Promise<NbdConnection | undefined> {
    for (let attempt = 0, delayNs = FIRST_DELAY_NS; attempt < ATTEMPTS && !this.closed; attempt++, delayNs *= 2) {
      await new Promise<void>((resolve) => void this.clock.after(delayNs, resolve));
      try {
        const connection = await connectInTime(this.address, this.waiting, this.clock);
        if (connection.export.sizeBytes === this.sizeBytes && connection.export.flags === this.flags) return connection;
        connection.close();
        this.lastError = 'the export is another one now';
      } catch (error) {
        this.lastError = error instanceof Error ? error.message : String(error);
      }
    }
    return undefined;
  }

  private failAll(): void {
    const requests = [...this.waiting.values()];
    this.waiting.clear();
    for (const {done} of requests) done(-EIO);
  }
}

const ending =
  (completion: Completion, length: number) =>
  (result: number): void =>
    completion.complete(result < 0 ? result : length);
