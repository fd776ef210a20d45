import type {GrowingFile} from '../../../storage/index.ts';

/** The buffer is written in pieces that end where the file's bytes are a multiple of this: whole pages, mostly. */
const BUFFER_BYTES = 1 << 20;
/** So many bytes are sooner written than copied; more than the buffer has are left to what waits. */
const DIRECT_BYTES = 1 << 15;

/**
 * The drive's buffer for writing: what goes to the end of the tape is gathered and written in large pieces, while more
 * comes in. Large objects need no gathering: they are written at once, as long as that is quick. What fails, fails later:
 * with the next write that has to wait, or with drain().
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

  /** Takes over the parts of an object if that needs no waiting; says whether it did. */
  putNow(parts: readonly Uint8Array[], lengthBytes: number): boolean {
    const isLarge = this.used + lengthBytes >= DIRECT_BYTES && lengthBytes <= BUFFER_BYTES;
    if (isLarge && this.writeNow(parts, lengthBytes)) return true;
    if (this.roomBytes <= lengthBytes) return false;
    for (const part of parts) this.put(part);
    return true;
  }

  /** Takes bytes over, however many. Throws what an earlier write failed with. */
  async putAll(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const room = this.roomBytes;
      const part = bytes.subarray(at, at + room);
      this.put(part);
      at += part.length;
      if (part.length === room) await this.spill();
    }
  }

  /** Writes all that there is. */
  async drain(): Promise<void> {
    if (this.used > 0) await this.spill();
    await this.writing;
  }

  /** Forgets what is in the buffer, and goes on from there. */
  restart(position: number): void {
    this.used = 0;
    this.position = position;
    this.writing = undefined;
  }

  /** Bytes that can be put before the buffer has to be written. */
  private get roomBytes(): number {
    return BUFFER_BYTES - (this.endBytes % BUFFER_BYTES);
  }

  /** There has to be room. */
  private put(bytes: Uint8Array): void {
    this.filling.set(bytes, this.used);
    this.used += bytes.length;
  }

  /** Writes what is in the buffer and the parts behind it. What fails is left to the buffer, to fail later. */
  private writeNow(parts: readonly Uint8Array[], lengthBytes: number): boolean {
    const {used, position} = this;
    if (this.writing !== undefined) return false;
    const all = used === 0 ? parts : [this.filling.subarray(0, used), ...parts];
    if (!this.file.appendNow(position, all, used + lengthBytes)) return false;
    this.used = 0;
    this.position = position + used + lengthBytes;
    return true;
  }

  /** Begins to write the buffer; waits only for the one before. */
  private async spill(): Promise<void> {
    await this.writing;
    const {filling, used, position} = this;
    this.filling = this.spare;
    this.spare = filling;
    this.used = 0;
    this.position = position + used;
    this.writing = this.file.write(position, filling.subarray(0, used)).then(() => {
      this.writing = undefined;
    });
    // Whoever waits for it next is told.
    this.writing.catch(() => undefined);
  }
}
