import {type FileHandle, open} from 'node:fs/promises';
import {ToolstackError} from '../errors.ts';
import {strerror} from '../strerror.ts';

/** Of one call of the system. */
const MAX_VIEWS = 1024;

/** Reads a saved domain's file from its beginning to its end. */
export class SavedFileReader {
  readonly path: string;
  /** Where it has got to, in bytes. */
  position: number;
  private readonly file: FileHandle;

  private constructor(path: string, file: FileHandle, position: number) {
    this.path = path;
    this.file = file;
    this.position = position;
  }

  /** Opens the file for `use`, which begins at `from`, and closes it. Throws ToolstackError in xl's words. */
  static async reading<T>(path: string, use: (reader: SavedFileReader) => Promise<T>, from = 0): Promise<T> {
    const file = await open(path).catch((error: unknown) => {
      throw unreadable(error);
    });
    try {
      return await use(new SavedFileReader(path, file, from));
    } finally {
      await file.close();
    }
  }

  /** The next bytes; `what` they are is told of a file that ends before. */
  async read(bytes: number, what: string): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(bytes);
    await this.readInto([buffer], what);
    return buffer;
  }

  /** Fills views, which may lie anywhere, one after another. */
  async readInto(views: readonly Uint8Array[], what: string): Promise<void> {
    for (let at = 0; at < views.length; at += MAX_VIEWS) {
      const some = views.slice(at, at + MAX_VIEWS);
      const wanted = some.reduce((sum, view) => sum + view.length, 0);
      const {bytesRead} = await this.file.readv(some, this.position).catch((error: unknown) => {
        throw unreadable(error);
      });
      this.position += bytesRead;
      if (bytesRead < wanted) throw this.refuse(`file/stream truncated reading ${what}`);
    }
  }

  refuse(reason: string): ToolstackError {
    return new ToolstackError('EINVAL', `libxl: error: ${this.path}: ${reason}`);
  }
}

const unreadable = (error: unknown): ToolstackError => {
  const {code = 'EIO'} = error as NodeJS.ErrnoException;
  return new ToolstackError(code, `Can't open restore file: ${strerror(error as NodeJS.ErrnoException)}`);
};
