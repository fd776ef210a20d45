import {close, closeSync, fstat} from 'node:fs';
import type {TaskQueue} from '../../hypervisor/schedule/index.ts';
import {checked, type FileCalls, FileIo, nodeCalls, settled} from './file-io.ts';
import {gather, type IoVector, scatter} from './io-vector.ts';
import {Residency} from './residency.ts';
import {type Completion, PENDING} from './storage.ts';
import {TurnTimer} from './turn-timer.ts';

/** The machine's clock: a Schedule in real mode is one. */
export type Clock = Pick<TaskQueue, 'now' | 'after'>;

export interface ImageFileOptions {
  fd: number;
  path: string;
  readonly: boolean;
  sizeBytes: number;
  /**
   * Given: what may have to wait for the disk is left to Node's worker threads. Without: every operation ends at once,
   * as virtual time needs.
   */
  clock?: Clock;
  /** The file is as long as the disk: reading beyond its end is an error. Otherwise there are zeroes. */
  whole?: boolean;
  calls?: FileCalls;
}

const PAGE_BYTES = 4096;

/**
 * An open file of the host that images lie in. What is believed to be in the page cache is served at once, by the
 * host's thread; what may wait for the disk goes to a worker thread through a buffer of its own, since guest memory
 * may move meanwhile.
 */
export class ImageFile {
  readonly path: string;
  readonly readonly: boolean;
  /** Whether operations may take their time. */
  readonly workers: boolean;
  private readonly clock: Clock | undefined;
  private readonly timer: TurnTimer | undefined;
  private readonly io: FileIo;
  private readonly residency = new Residency();

  constructor({fd, path, readonly, sizeBytes, clock, whole = false, calls = nodeCalls}: ImageFileOptions) {
    this.io = new FileIo(fd, sizeBytes, whole, calls);
    this.path = path;
    this.readonly = readonly;
    this.clock = clock;
    this.timer = clock && new TurnTimer(clock, (elapsedNs) => this.residency.judge(elapsedNs));
    this.workers = clock !== undefined;
  }

  get fd(): number {
    return this.io.fd;
  }

  /** Length of the file, as far as this process made it. */
  get sizeBytes(): number {
    return this.io.sizeBytes;
  }

  /** Fills a vector, as Storage.read does. */
  read(vector: IoVector, position: number, completion: Completion): number {
    const {clock, timer, residency} = this;
    if (clock === undefined) return this.io.readNow(vector, position);
    const known = residency.has(position, vector.lengthBytes);
    if (known && residency.trusted) {
      timer?.begin();
      const result = this.io.readNow(vector, position);
      timer?.end();
      return result;
    }
    const buffer = Buffer.allocUnsafe(vector.lengthBytes);
    const judge = this.watch(known, clock);
    this.io.readLater(buffer, position, (result) => {
      judge?.();
      if (result >= 0) {
        residency.add(position, result);
        scatter(buffer, vector);
      }
      completion.complete(result < 0 ? result : vector.lengthBytes);
    });
    return PENDING;
  }

  /** Writes a vector, as Storage.write does. */
  write(vector: IoVector, position: number, completion: Completion): number {
    const {clock, timer, residency} = this;
    if (clock === undefined) return this.io.writeNow(vector, position);
    // A page that is written as a whole need not be read before.
    const whole = position % PAGE_BYTES === 0 && vector.lengthBytes % PAGE_BYTES === 0;
    const known = whole || residency.has(position, vector.lengthBytes);
    if (known && residency.trusted) {
      timer?.begin();
      const result = this.io.writeNow(vector, position);
      timer?.end();
      if (result > 0) residency.add(position, result);
      return result;
    }
    const judge = this.watch(known, clock);
    this.io.writeLater(gather(vector), position, (result) => {
      judge?.();
      if (result > 0) residency.add(position, result);
      completion.complete(result);
    });
    return PENDING;
  }

  /** Throws an error with an `errno`, as all that return a promise do. */
  async readBytes(position: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length);
    if (!this.workers) checked(this.io.fillNow(bytes, 0, length, position));
    else checked(await new Promise<number>((done) => this.io.readLater(bytes, position, done)));
    return bytes;
  }

  async writeBytes(position: number, bytes: Uint8Array): Promise<void> {
    if (this.workers) checked(await new Promise<number>((done) => this.io.writeLater(bytes, position, done)));
    else checked(this.io.putNow(bytes, 0, bytes.length, position));
  }

  /** As read(), for those who wait. */
  async readVector(vector: IoVector, position: number): Promise<void> {
    checked(await settled((completion) => this.read(vector, position, completion)));
  }

  async writeVector(vector: IoVector, position: number): Promise<void> {
    checked(await settled((completion) => this.write(vector, position, completion)));
  }

  /** Puts what was written on stable storage. Returns 0, -errno, or PENDING. */
  flush(completion: Completion): number {
    if (!this.workers) return this.io.syncNow();
    this.io.syncLater((result) => completion.complete(result));
    return PENDING;
  }

  async sync(): Promise<void> {
    checked(await settled((completion) => this.flush(completion)));
  }

  /** Resolves when others can have it. Closing a file of a network can take long. */
  close(): Promise<void> {
    if (this.workers) return new Promise((resolve) => close(this.fd, () => resolve()));
    closeSync(this.fd);
    return Promise.resolve();
  }

  toString(): string {
    return `${this.path}${this.readonly ? ', read-only' : ''}${this.workers ? `, ${String(this.residency)}` : ''}`;
  }

  /**
   * Judges an operation on known pages that a worker thread does: beside it goes one that needs no disk, so that a
   * machine with much to do is not taken for a slow disk. To be called when it has ended.
   */
  private watch(known: boolean, clock: Clock): (() => void) | undefined {
    const {residency} = this;
    if (!known || residency.trusted) return undefined;
    let otherNs: number | undefined;
    // Queued behind it by the time that it starts.
    queueMicrotask(() => fstat(this.fd, () => (otherNs = clock.now())));
    return () => residency.judgeWorker(otherNs === undefined ? 0 : clock.now() - otherNs);
  }

  /** Looks at the file's length, which somebody may have changed. */
  remeasure(): void {
    this.io.remeasure();
  }
}
