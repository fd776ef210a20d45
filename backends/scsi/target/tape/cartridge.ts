import {
  errnoOf,
  gather,
  GrowingFile,
  type GrowingFileOptions,
  type IoVector,
  slice,
  StorageError,
  viewsOf,
} from '../../../storage/index.ts';
import {operate} from '../operate.ts';
import {MAX_OBJECTS, type ObjectIndex} from './object-index.ts';
import {scanTape, type ScannedTape} from './scan.ts';
import {recordBytes, TAPE_MARK, WORD_BYTES} from './tap-format.ts';
import {WriteBehind} from './write-behind.ts';

/** What was written could not be put into the file: -errno. */
export class TapeWriteFailure extends Error {
  readonly errno: number;

  constructor(errno: number) {
    super(`the end of the tape could not be written: errno ${-errno}`);
    this.errno = errno;
  }
}

export interface CartridgeOptions extends GrowingFileOptions {
  /** Bytes of the file that a tape fills; 64 GiB by default. */
  capacityBytes?: number;
}

const DEFAULT_CAPACITY_BYTES = 2 ** 36;
/** Before the end of the tape writers are warned. */
const EARLY_WARNING_BYTES = 1 << 20;

/** A word of the file, and what follows odd data. */
const wordBytes = (word: number): Uint8Array => Uint8Array.of(word, word >>> 8, word >>> 16, word >>> 24);
const padding = new Uint8Array(1);

const recordOf = (data: readonly Uint8Array[], dataBytes: number): readonly Uint8Array[] => {
  const length = wordBytes(dataBytes);
  return [length, ...data, ...((dataBytes & 1) === 1 ? [padding] : []), length];
};

/**
 * A tape: a row of blocks and filemarks in a .tap file, which other programs read as well. Whatever is written ends the
 * tape. What returns a promise rejects with a TapeWriteFailure.
 */
export class Cartridge {
  readonly capacityBytes: number;
  readonly index: ObjectIndex;
  private readonly file: GrowingFile;
  private readonly writer: WriteBehind;
  /** There is something behind the end of the tape: what its mark hid, or what a write has not cut off yet. */
  private hasRest: boolean;

  private constructor(file: GrowingFile, {index, endBytes}: ScannedTape, capacityBytes: number) {
    this.file = file;
    this.index = index;
    this.capacityBytes = capacityBytes;
    this.writer = new WriteBehind(file, endBytes);
    this.hasRest = endBytes < file.sizeBytes;
  }

  /** Opens a tape and looks at every object of it. One that is broken is refused, with what and where, and left as it is. */
  static async open(path: string, options: CartridgeOptions): Promise<Cartridge | StorageError> {
    const file = await GrowingFile.open(path, options);
    if (file instanceof StorageError) return file;
    try {
      const found = await scanTape(file);
      if (typeof found !== 'string') return new Cartridge(file, found, options.capacityBytes ?? DEFAULT_CAPACITY_BYTES);
      await file.close();
      return new StorageError('bad-format', `${path}: not a SIMH tape: ${found}`);
    } catch (error) {
      await file.close();
      return new StorageError('io', `${path}: errno ${-errnoOf(error)}`);
    }
  }

  get readonly(): boolean {
    return this.file.readonly;
  }

  get path(): string {
    return this.file.path;
  }

  /** Blocks and filemarks. */
  get count(): number {
    return this.index.count;
  }

  /** Bytes that are in the drive's buffer only. */
  get bufferedBytes(): number {
    return this.writer.bufferedBytes;
  }

  get usedBytes(): number {
    return this.writer.endBytes;
  }

  get isNearEnd(): boolean {
    return this.usedBytes > this.capacityBytes - EARLY_WARNING_BYTES;
  }

  /** Whether another block of so many bytes fits. */
  hasRoom(dataBytes: number): boolean {
    return this.usedBytes + recordBytes(dataBytes) <= this.capacityBytes && this.count < MAX_OBJECTS;
  }

  /** Fills a vector with the start of a block, straight from the file. Returns the bytes, or -errno. */
  read(object: number, vector: IoVector): number | Promise<number> {
    const position = this.index.position(object) + WORD_BYTES;
    const fill = (): number | Promise<number> =>
      operate((completion) => this.file.readVector(vector, position, completion));
    return this.bufferedBytes > 0 ? this.flushed(false).then(fill) : fill();
  }

  /** Writes a block at an object's place, which ends the tape. The vector's memory is not looked at any more then. */
  writeBlock(object: number, vector: IoVector, from: number, dataBytes: number): void | Promise<void> {
    const data = slice(vector, from, dataBytes);
    const {endBytes} = this.writer;
    if (this.isAtEnd(object) && this.writer.putNow(recordOf(viewsOf(data), dataBytes), recordBytes(dataBytes))) {
      this.index.push(endBytes, dataBytes);
      return;
    }
    // Memory may move while a write waits.
    return this.writeLater(object, recordOf([gather(data)], dataBytes), dataBytes);
  }

  async writeFilemark(object: number): Promise<void> {
    await this.guarded(async () => {
      await this.cut(object);
      this.index.push(this.writer.endBytes, 0);
      await this.writer.putAll(wordBytes(TAPE_MARK));
    });
  }

  /** Takes away all from an object on. */
  erase(object: number): Promise<void> {
    return this.guarded(() => this.cut(object));
  }

  /** Puts what was written into the file; on stable storage if asked for. */
  flushed(stable: boolean): Promise<void> {
    return this.guarded(async () => {
      await this.writer.drain();
      if (stable && !this.readonly) await this.file.sync();
    });
  }

  /** Flushes and gives the file back. */
  async close(): Promise<void> {
    try {
      await this.flushed(true);
    } finally {
      await this.file.close();
    }
  }

  private isAtEnd(object: number): boolean {
    return object === this.count && !this.hasRest;
  }

  private async cut(object: number): Promise<void> {
    if (this.isAtEnd(object)) return;
    await this.writer.drain();
    const end = object < this.count ? this.index.position(object) : this.writer.endBytes;
    await this.file.truncate(end);
    this.index.truncate(object);
    this.writer.restart(end);
    this.hasRest = false;
  }

  private writeLater(object: number, parts: readonly Uint8Array[], dataBytes: number): Promise<void> {
    return this.guarded(async () => {
      await this.cut(object);
      this.index.push(this.writer.endBytes, dataBytes);
      for (const part of parts) await this.writer.putAll(part);
    });
  }

  private async guarded(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      await this.endBehindWhatIsThere();
      throw new TapeWriteFailure(errnoOf(error));
    }
  }

  /** After a failure: the tape ends with the last object that is in the file as a whole. */
  private async endBehindWhatIsThere(): Promise<void> {
    const {index, file} = this;
    let count = index.count;
    while (count > 0 && this.endOf(count - 1) > file.sizeBytes) count--;
    const end = count === 0 ? 0 : this.endOf(count - 1);
    index.truncate(count);
    this.writer.restart(end);
    try {
      await file.truncate(end);
      this.hasRest = false;
    } catch {
      // The next write tries it again.
      this.hasRest = true;
    }
  }

  private endOf(object: number): number {
    const {index} = this;
    return index.position(object) + (index.isFilemark(object) ? WORD_BYTES : recordBytes(index.dataBytes(object)));
  }
}
