import type {GrowingFile} from '../../../storage/index.ts';

const BUFFER_BYTES = 1 << 20;

/**
 * The drive's buffer for writing: what goes to the end of the tape is gathered and written in large pieces, while more
 * comes in. What fails, fails later: with the next write that has to wait, or with drain().
 */
export class WriteBehind {
  private readonly file: GrowingFile;
  private filling = new Uint8Array(BUFFER_BYTES);
  private spare = new Uint8Array(BUFFER_BYTES);
  private used = 0;
  /** Where in the file the buffer belongs. */
  private position: number;
  private writing: Promise<void> | undefined;

  constructor(file: GrowingFile, position: number) {
    this.file = file;
    this.position = position;
  }

  /** All bytes that have been put, written or not. */
  get endBytes(): number {
    return this.position + this.used;
  }

  get bufferedBytes(): number {
    return this.used;
  }

  hasRoom(bytes: number): boolean {
    return BUFFER_BYTES - this.used >= bytes;
  }

  /** Takes bytes over; there has to be room. */
  put(bytes: Uint8Array): void {
    this.filling.set(bytes, this.used);
    this.used += bytes.length;
  }

  /** Little-endian. */
  putWord(word: number): void {
    const {filling, used} = this;
    filling[used] = word;
    filling[used + 1] = word >>> 8;
    filling[used + 2] = word >>> 16;
    filling[used + 3] = word >>> 24;
    this.used += 4;
  }

  /** Takes bytes over, however many. */
  async putAll(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      if (this.used === BUFFER_BYTES) await this.spill();
      const part = bytes.subarray(at, at + BUFFER_BYTES - this.used);
      this.put(part);
      at += part.length;
    }
  }

  /** Begins to write the buffer; waits only for the one before. Throws what that failed with. */
  async spill(): Promise<void> {
    await this.writing;
    const {filling, used, position} = this;
    this.filling = this.spare;
    this.spare = filling;
    this.used = 0;
    this.position = position + used;
    this.writing = this.file.write(position, filling.subarray(0, used));
    // Whoever waits for it next is told.
    this.writing.catch(() => undefined);
  }

  /** Writes all that there is. */
  async drain(): Promise<void> {
    if (this.used > 0) await this.spill();
    await this.writing;
    this.writing = undefined;
  }

  /** Forgets what is in the buffer, and goes on from there. */
  restart(position: number): void {
    this.used = 0;
    this.position = position;
    this.writing = undefined;
  }
}
