import {errnoOf} from './io-error.ts';
import {checked, settled} from './file-io.ts';
import type {ImageFile} from './image-file.ts';
import {clearVector, type IoVector, slice} from './io-vector.ts';
import {type Completion, PENDING, type Storage} from './storage.ts';

/** What find() says of a stretch that has no bytes of its own in the file. */
export const UNALLOCATED = -1;
export const ZERO = -2;
export const COMPRESSED = -3;
/** The table that knows is not in memory. */
export const NOT_LOADED = -4;

/** Told of the end of an operation on the file, so that its clusters are known to be in use until then. */
class Tracked implements Completion {
  completion: Completion | undefined;
  private readonly image: MappedImage;

  constructor(image: MappedImage) {
    this.image = image;
  }

  complete(result: number): void {
    const {completion} = this;
    this.image.untrack(this);
    completion?.complete(result);
  }
}

export interface MappedOptions {
  file: ImageFile;
  /** What shows through where the image has nothing; zeroes without. */
  backing?: Storage;
  /** Takes the image out of use; gets the promise of its end. */
  onClose: (closed: Promise<void>) => void;
}

/**
 * An image whose bytes lie in pieces of a file, found by tables. Reads and writes of what is allocated and in one piece
 * go straight to the file. What needs a table, a new piece or more than one takes its time; whatever changes tables is
 * done one after the other.
 */
export abstract class MappedImage implements Storage {
  abstract readonly sizeBytes: number;
  abstract readonly discardGranularity: number;
  readonly readonly: boolean;
  protected readonly file: ImageFile;
  protected readonly backing: Storage | undefined;
  /** Bytes of the stretch that find() or findWritable() looked up last. */
  protected run = 0;
  private readonly onClose: (closed: Promise<void>) => void;
  private readonly spare: Tracked[] = [];
  private lastChange: Promise<unknown> = Promise.resolve();
  private inFlight = 0;

  constructor({file, backing, onClose}: MappedOptions) {
    this.file = file;
    this.readonly = file.readonly;
    this.backing = backing;
    this.onClose = onClose;
  }

  /** Where in the file the stretch from `position` on lies, or one of the above; sets `run`, at most `length`. */
  protected abstract find(position: number, length: number): number;
  /** The same where the bytes can be written in place; below 0 otherwise. */
  protected abstract findWritable(position: number, length: number): number;
  /** Brings the table for `position` into memory. */
  protected abstract load(position: number): Promise<void>;
  protected abstract readCompressed(vector: IoVector, position: number): Promise<void>;
  /** Writes what cannot be written in place, or not all of it. */
  protected abstract writeAnew(vector: IoVector, position: number): Promise<void>;
  /** Clears bytes from the start of the range on; how many. */
  protected abstract clear(position: number, length: number): Promise<number>;
  protected abstract get tablesDirty(): boolean;
  /** Writes changed tables, in an order that leaves a consistent image at every point. */
  protected abstract writeTables(): Promise<void>;
  /** The last words to the file. */
  protected abstract finish(): Promise<void>;

  read(vector: IoVector, position: number, completion: Completion): number {
    const {lengthBytes} = vector;
    const host = this.find(position, lengthBytes);
    if (host < 0 || this.run < lengthBytes) return this.pend(this.readPieces(vector, position), completion, true);
    if (!this.file.workers) return this.file.read(vector, host, completion);
    const tracked = this.track(completion);
    const result = this.file.read(vector, host, tracked);
    if (result !== PENDING) this.untrack(tracked);
    return result;
  }

  write(vector: IoVector, position: number, completion: Completion): number {
    const {lengthBytes} = vector;
    const host = this.findWritable(position, lengthBytes);
    if (host < 0 || this.run < lengthBytes)
      return this.pend(
        this.change(() => this.writeAll(vector, position)),
        completion,
      );
    if (!this.file.workers) return this.file.write(vector, host, completion);
    const tracked = this.track(completion);
    const result = this.file.write(vector, host, tracked);
    if (result !== PENDING) this.untrack(tracked);
    return result;
  }

  flush(completion: Completion): number {
    if (!this.tablesDirty) return this.file.flush(completion);
    return this.pend(
      this.change(async () => {
        await this.writeTables();
        await this.file.sync();
        return 0;
      }),
      completion,
    );
  }

  discard(position: number, length: number, completion: Completion): number {
    return this.pend(
      this.change(() => this.clear(position, length)),
      completion,
    );
  }

  close(): void {
    const finished = this.readonly ? Promise.resolve() : this.change(() => this.finish());
    const closed = finished
      .catch(() => undefined)
      .then(() => {
        this.backing?.close();
        return this.file.close();
      });
    this.onClose(closed);
  }

  /** Whether no operation is under way that found its place in the file before now. */
  protected get quiet(): boolean {
    return this.inFlight === 0;
  }

  untrack(tracked: Tracked): void {
    tracked.completion = undefined;
    this.spare.push(tracked);
    this.inFlight--;
  }

  /** Does something to the tables after all that was asked for before. */
  protected change<T>(step: () => Promise<T>): Promise<T> {
    const result = this.lastChange.then(step);
    this.lastChange = result.catch(() => undefined);
    return result;
  }

  /** Bytes as a guest sees them; zeroes beyond the end of the disk. */
  protected async readOld(vector: IoVector, position: number): Promise<void> {
    const inside = Math.max(0, Math.min(vector.lengthBytes, this.sizeBytes - position));
    if (inside > 0) await this.readPieces(slice(vector, 0, inside), position);
    clearVector(vector, inside, vector.lengthBytes - inside);
  }

  private async writeAll(vector: IoVector, position: number): Promise<number> {
    await this.writeAnew(vector, position);
    return vector.lengthBytes;
  }

  private async readPieces(vector: IoVector, position: number): Promise<number> {
    const {lengthBytes} = vector;
    for (let done = 0; done < lengthBytes;) {
      const at = position + done;
      let host = this.find(at, lengthBytes - done);
      while (host === NOT_LOADED) {
        await this.load(at);
        host = this.find(at, lengthBytes - done);
      }
      const {run} = this;
      await this.readPiece(host, slice(vector, done, run), at);
      done += run;
    }
    return lengthBytes;
  }

  private readPiece(host: number, vector: IoVector, position: number): Promise<void> | void {
    if (host >= 0) return this.file.readVector(vector, host);
    if (host === COMPRESSED) return this.readCompressed(vector, position);
    if (host === ZERO) return clearVector(vector, 0, vector.lengthBytes);
    return this.readBacking(vector, position);
  }

  private async readBacking(vector: IoVector, position: number): Promise<void> {
    const {backing} = this;
    const {lengthBytes} = vector;
    const there = backing === undefined ? 0 : Math.max(0, Math.min(lengthBytes, backing.sizeBytes - position));
    if (backing !== undefined && there > 0) {
      checked(await settled((completion) => backing.read(slice(vector, 0, there), position, completion)));
    }
    clearVector(vector, there, lengthBytes - there);
  }

  private track(completion: Completion): Tracked {
    const tracked = this.spare.pop() ?? new Tracked(this);
    tracked.completion = completion;
    this.inFlight++;
    return tracked;
  }

  private pend(result: Promise<number>, completion: Completion, finds = false): number {
    if (finds) this.inFlight++;
    const end = (value: number): void => {
      if (finds) this.inFlight--;
      completion.complete(value);
    };
    result.then(end, (error: unknown) => end(errnoOf(error)));
    return PENDING;
  }
}
