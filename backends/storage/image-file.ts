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
    if (this.isKnown(position, vector.lengthBytes) && residency.trusted) {
      timer?.begin();
      const result = this.io.writeNow(vector, position);
      timer?.end();
      if (result > 0) residency.add(position, result);
      return result;
    }
    this.writeLater(gather(vector), position, clock, (result) => completion.complete(result));
    return PENDING;
  }

  /** Puts pieces of several memories at the end of the file, if that can be done at once; says whether it was. */
  appendNow(views: readonly Uint8Array[], lengthBytes: number, position: number): boolean {
    const {timer, residency} = this;
    const known = position % PAGE_BYTES === 0 || residency.has(position, 1);
    if (this.workers && !(known && residency.trusted)) return false;
    timer?.begin();
    const written = this.io.writeViewsNow(views, lengthBytes, position);
    timer?.end();
    if (written) residency.add(position, lengthBytes);
    return written;
  }

  /** Throws an error with an `errno`, as all that return a promise do. */
  async readBytes(position: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length);
    if (!this.workers) checked(this.io.fillNow(bytes, 0, length, position));
    else checked(await new Promise<number>((done) => this.io.readLater(bytes, position, done)));
    return bytes;
  }

  async writeBytes(position: number, bytes: Uint8Array): Promise<void> {
    const {clock} = this;
    if (clock === undefined) checked(this.io.putNow(bytes, 0, bytes.length, position));
    else checked(await new Promise<number>((done) => this.writeLater(bytes, position, clock, done)));
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

  /** Whether a write has to read nothing: pages that were seen before, or are written as a whole. */
  private isKnown(position: number, lengthBytes: number): boolean {
    const whole = position % PAGE_BYTES === 0 && lengthBytes % PAGE_BYTES === 0;
    return whole || this.residency.has(position, lengthBytes);
  }

  private writeLater(bytes: Uint8Array, position: number, clock: Clock, done: (result: number) => void): void {
    const judge = this.watch(this.isKnown(position, bytes.length), clock);
    this.io.writeLater(bytes, position, (result) => {
      judge?.();
      if (result > 0) this.residency.add(position, result);
      done(result);
    });
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
