import {type IoVector, scatter} from '../../../storage/index.ts';
import type {GrowingFile} from '../../../storage/index.ts';

const CHUNK_BYTES = 1 << 20;

/** The drive's buffer for reading: the part of the file where the tape is, and the next one, which is fetched meanwhile. */
export class ReadAhead {
  private readonly file: GrowingFile;
  private chunks = new Map<number, Uint8Array | Promise<Uint8Array>>();

  constructor(file: GrowingFile) {
    this.file = file;
  }

  /** Copies bytes of the file to the start of a vector; returns a promise only if they have to be fetched first. */
  copy(position: number, length: number, vector: IoVector): void | Promise<void> {
    for (let done = 0; done < length;) {
      const chunk = this.chunk(Math.floor((position + done) / CHUNK_BYTES));
      if (chunk instanceof Promise) return this.copyLater(position, length, vector);
      done += this.copyFrom(chunk, position + done, length - done, vector, done);
    }
  }

  /** What is there is no longer true. */
  forget(): void {
    this.chunks.clear();
  }

  private async copyLater(position: number, length: number, vector: IoVector): Promise<void> {
    for (let done = 0; done < length;) {
      const chunk = await this.chunk(Math.floor((position + done) / CHUNK_BYTES));
      done += this.copyFrom(chunk, position + done, length - done, vector, done);
    }
  }

  private copyFrom(chunk: Uint8Array, position: number, length: number, vector: IoVector, at: number): number {
    const from = position % CHUNK_BYTES;
    const part = chunk.subarray(from, from + length);
    // The file was made shorter by somebody else: better wrong bytes than no end.
    if (part.length === 0) throw new Error(`${this.file.path}: nothing at byte ${position}`);
    scatter(part, vector, at);
    return part.length;
  }

  private chunk(number: number): Uint8Array | Promise<Uint8Array> {
    const found = this.chunks.get(number) ?? this.fetch(number);
    if (!this.chunks.has(number + 1) && (number + 1) * CHUNK_BYTES < this.file.sizeBytes) {
      void this.fetch(number + 1).catch(() => undefined);
    }
    return found;
  }

  private fetch(number: number): Promise<Uint8Array> {
    const {chunks} = this;
    for (const other of chunks.keys()) if (other < number - 1 || other > number + 1) chunks.delete(other);
    const fetched = this.file.read(number * CHUNK_BYTES, CHUNK_BYTES).then(
      (bytes) => {
        if (chunks.get(number) === fetched) chunks.set(number, bytes);
        return bytes;
      },
      (error: unknown) => {
        chunks.delete(number);
        throw error;
      },
    );
    chunks.set(number, fetched);
    return fetched;
  }
}
