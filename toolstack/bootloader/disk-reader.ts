import {
  type Clock,
  IoVector,
  openStorage,
  PENDING,
  SECTOR_BYTES,
  type Storage,
  StorageError,
} from '../../backends/storage/index.ts';
import {BootError} from './boot-error.ts';

/** Bytes of a disk, or of a part of one. A read beyond its end rejects with BootError. */
export interface ByteSource {
  readonly sizeBytes: number;
  read(position: number, length: number): Promise<Buffer>;
}

/** A disk image as dom0 reads it: in whole sectors, handed out by bytes. */
export class DiskReader implements ByteSource {
  private readonly storage: Storage;

  private constructor(storage: Storage) {
    this.storage = storage;
  }

  /** Opens what a disk's `params` node names, read-only. BootError when it cannot. */
  static async open(target: string, clock: Clock | undefined): Promise<DiskReader> {
    const storage = await openStorage(target, {readonly: true, clock});
    if (storage instanceof StorageError) throw new BootError(storage.message);
    return new DiskReader(storage);
  }

  get sizeBytes(): number {
    return this.storage.sizeBytes;
  }

  async read(position: number, length: number): Promise<Buffer> {
    if (!(position >= 0 && position + length <= this.sizeBytes))
      throw new BootError('its structures lead beyond its end');
    const start = Math.floor(position / SECTOR_BYTES) * SECTOR_BYTES;
    const end = Math.ceil((position + length) / SECTOR_BYTES) * SECTOR_BYTES;
    const sectors = Buffer.alloc(end - start);
    const result = await this.readSectors(sectors, start);
    if (result < 0) throw new BootError(`reading it failed at byte ${start}: errno ${-result}`);
    return sectors.subarray(position - start, position - start + length);
  }

  close(): void {
    this.storage.close();
  }

  private readSectors(bytes: Buffer, position: number): Promise<number> {
    if (bytes.length === 0) return Promise.resolve(0);
    const vector = new IoVector({u8: bytes}, 1);
    vector.add(0, bytes.length);
    return new Promise((resolve) => {
      const result = this.storage.read(vector, position, {complete: resolve});
      if (result !== PENDING) resolve(result);
    });
  }
}

/** A partition as a source of its own. */
export const partOf = (disk: ByteSource, offset: number, sizeBytes: number): ByteSource => ({
  sizeBytes,
  read: async (position, length) => {
    if (!(position >= 0 && position + length <= sizeBytes)) throw new BootError('its structures lead beyond its end');
    return disk.read(offset + position, length);
  },
});
