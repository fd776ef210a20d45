import {
  errnoOf,
  GrowingFile,
  type GrowingFileOptions,
  type IoVector,
  slice,
  StorageError,
  viewsOf,
} from '../../../storage/index.ts';
import {MAX_OBJECTS, type ObjectIndex} from './object-index.ts';
import {ReadAhead} from './read-ahead.ts';
import {scanTape, type ScannedTape} from './scan.ts';
import {recordBytes, TAPE_MARK, WORD_BYTES} from './tap-format.ts';
import {WriteBehind} from './write-behind.ts';

/** What a file system said to a tape. */
export class MediumFailure extends Error {
  readonly operation: 'read' | 'write';
  readonly errno: number;

  constructor(operation: 'read' | 'write', errno: number) {
    super(`tape ${operation} failed: ${errno}`);
    this.operation = operation;
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

const padding = new Uint8Array(1);

/**
 * A tape: a row of blocks and filemarks in a .tap file, which other programs read as well. Whatever is written ends the
 * tape. Operations throw a MediumFailure, or reject with one.
 */
export class Cartridge {
  readonly capacityBytes: number;
  readonly index: ObjectIndex;
  private readonly file: GrowingFile;
  private readonly writer: WriteBehind;
  private readonly reader: ReadAhead;
  /** There is something behind the end of the tape: what its mark hid, or what a write has not cut off yet. */
  private hasRest: boolean;

  private constructor(file: GrowingFile, {index, endBytes}: ScannedTape, capacityBytes: number) {
    this.file = file;
    this.index = index;
    this.capacityBytes = capacityBytes;
    this.writer = new WriteBehind(file, endBytes);
    this.reader = new ReadAhead(file);
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

  /** Copies the start of a block into a vector. */
  read(object: number, lengthBytes: number, vector: IoVector): void | Promise<void> {
    const position = this.index.position(object) + WORD_BYTES;
    if (this.bufferedBytes > 0) return this.flushed(false).then(() => this.copy(position, lengthBytes, vector));
    return this.copy(position, lengthBytes, vector);
  }

  /** Writes a block at an object's place, which ends the tape. The vector's memory is not looked at any more then. */
  writeBlock(object: number, vector: IoVector, from: number, dataBytes: number): void | Promise<void> {
    const bytes = recordBytes(dataBytes);
    if (!this.isAtEnd(object) || !this.writer.hasRoom(bytes)) return this.writeLater(object, vector, from, dataBytes);
    const position = this.writer.endBytes;
    this.writer.putWord(dataBytes);
    for (const view of viewsOf(slice(vector, from, dataBytes))) this.writer.put(view);
    if ((dataBytes & 1) === 1) this.writer.put(padding);
    this.writer.putWord(dataBytes);
    this.index.push(position, dataBytes);
  }

  async writeFilemark(object: number): Promise<void> {
    await this.guarded(async () => {
      await this.cut(object);
      if (!this.writer.hasRoom(WORD_BYTES)) await this.writer.spill();
      this.index.push(this.writer.endBytes, 0);
      this.writer.putWord(TAPE_MARK);
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
      this.reader.forget();
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

  private copy(position: number, lengthBytes: number, vector: IoVector): void | Promise<void> {
    return this.reader.copy(position, lengthBytes, vector)?.catch((error: unknown) => {
      throw new MediumFailure('read', errnoOf(error));
    });
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
    this.reader.forget();
    this.hasRest = false;
  }

  private writeLater(object: number, vector: IoVector, from: number, dataBytes: number): Promise<void> {
    return this.guarded(async () => {
      await this.cut(object);
      const {writer} = this;
      await writer.spill();
      const position = writer.endBytes;
      writer.putWord(dataBytes);
      for (const view of viewsOf(slice(vector, from, dataBytes))) await writer.putAll(view);
      if (!writer.hasRoom(padding.length + WORD_BYTES)) await writer.spill();
      if ((dataBytes & 1) === 1) writer.put(padding);
      writer.putWord(dataBytes);
      this.index.push(position, dataBytes);
    });
  }

  /** After a failure the tape ends with the last object that is in the file as a whole. */
  private async guarded(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      const {index, file} = this;
      let count = index.count;
      while (count > 0 && this.endOf(count - 1) > file.sizeBytes) count--;
      const end = count === 0 ? 0 : this.endOf(count - 1);
      index.truncate(count);
      this.writer.restart(end);
      this.reader.forget();
      // Where that is refused, too, the next write cuts it off.
      this.hasRest = true;
      throw new MediumFailure('write', errnoOf(error));
    }
  }

  private endOf(object: number): number {
    const {index} = this;
    return index.position(object) + (index.isFilemark(object) ? WORD_BYTES : recordBytes(index.dataBytes(object)));
  }
}
