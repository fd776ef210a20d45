import {FileError} from '../errors.ts';
import type {GuestFile} from '../files.ts';
import {BLOCK_BYTES} from '../ustar.ts';
import type {CommandContext} from './context.ts';

/** Writes an archive in records of one length: blocks of a tape. */
export class ArchiveWriter {
  private readonly ctx: CommandContext;
  private readonly file: GuestFile;
  private readonly record: Uint8Array;
  private used = 0;
  private offset = 0;

  constructor(ctx: CommandContext, file: GuestFile, recordBytes: number) {
    this.ctx = ctx;
    this.file = file;
    this.record = new Uint8Array(recordBytes);
  }

  async put(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + this.record.length - this.used);
      this.record.set(part, this.used);
      this.used += part.length;
      at += part.length;
      if (this.used === this.record.length) await this.flush();
    }
  }

  /** Zeroes up to the next block. */
  pad(): Promise<void> {
    return this.put(new Uint8Array(-this.used & (BLOCK_BYTES - 1)));
  }

  /** The two blocks that end an archive, and zeroes up to the record's end. */
  async end(): Promise<void> {
    await this.put(new Uint8Array(2 * BLOCK_BYTES));
    if (this.used > 0) await this.put(new Uint8Array(this.record.length - this.used));
  }

  private async flush(): Promise<void> {
    const written = await this.ctx.wait(this.file.write(this.offset, this.record));
    if (written < this.record.length) throw new FileError('ENOSPC');
    this.offset += written;
    this.used = 0;
    await this.ctx.pause();
  }
}

/** Reads an archive, records of a tape among others: none is longer than asked for. */
export class ArchiveReader {
  private readonly ctx: CommandContext;
  private readonly file: GuestFile;
  private readonly recordBytes: number;
  private rest: Uint8Array = new Uint8Array(0);
  private offset = 0;

  constructor(ctx: CommandContext, file: GuestFile, recordBytes: number) {
    this.ctx = ctx;
    this.file = file;
    this.recordBytes = recordBytes;
  }

  /** The next bytes, not more than so many; none at the end of the file. */
  async take(maxBytes: number): Promise<Uint8Array> {
    if (this.rest.length === 0) {
      this.rest = await this.ctx.wait(this.file.read(this.offset, this.recordBytes));
      this.offset += this.rest.length;
      await this.ctx.pause();
    }
    const bytes = this.rest.subarray(0, maxBytes);
    this.rest = this.rest.subarray(bytes.length);
    return bytes;
  }

  /** Leaves a tape behind the filemark that follows the archive. */
  async end(): Promise<void> {
    this.rest = new Uint8Array(0);
    if (this.file.sizeBytes === undefined) await this.take(0);
  }
}
