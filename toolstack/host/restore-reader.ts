import {type FileHandle, open} from 'node:fs/promises';
import {ToolstackError} from '../errors.ts';
import {strerror} from '../strerror.ts';

/** Reads a saved domain's file from its beginning to its end. */
export class SavedFileReader {
  readonly path: string;
  private readonly file: FileHandle;

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.file = file;
  }

  /** Opens the file for `use` and closes it. Throws ToolstackError in xl's words. */
  static async reading<T>(path: string, use: (reader: SavedFileReader) => Promise<T>): Promise<T> {
    const file = await open(path).catch((error: unknown) => {
      throw unreadable(error);
    });
    try {
      return await use(new SavedFileReader(path, file));
    } finally {
      await file.close();
    }
  }

  /** The next bytes; `what` they are is told of a file that ends before. */
  async read(bytes: number, what: string): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(bytes);
    for (let at = 0; at < bytes;) {
      const {bytesRead} = await this.file.read(buffer, at, bytes - at, null).catch((error: unknown) => {
        throw unreadable(error);
      });
      if (bytesRead === 0) throw this.refuse(`file/stream truncated reading ${what}`);
      at += bytesRead;
    }
    return buffer;
  }

  refuse(reason: string): ToolstackError {
    return new ToolstackError('EINVAL', `libxl: error: ${this.path}: ${reason}`);
  }
}

const unreadable = (error: unknown): ToolstackError => {
  const {code = 'EIO'} = error as NodeJS.ErrnoException;
  return new ToolstackError(code, `Can't open restore file: ${strerror(error as NodeJS.ErrnoException)}`);
};
