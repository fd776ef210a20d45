import type {ByteString} from './byte-string.ts';

export interface StoreLogOptions {
  /** Takes lines for the log. */
  readonly log?: (line: string) => void;
  /** Adds a line to a file that a client with all rights has named. @returns whether it could */
  readonly appendToFile?: (path: ByteString, line: string) => boolean;
}

/** What the store has to say to its operator. @see docs/misc/xenstore.txt, CONTROL */
export class StoreLog {
  isOn = true;
  private sink: StoreLogOptions['log'];
  private readonly append: StoreLogOptions['appendToFile'];

  constructor({log, appendToFile}: StoreLogOptions) {
    this.sink = log;
    this.append = appendToFile;
  }

  /** Somebody takes its lines while it is on. */
  get hasSink(): boolean {
    return this.sink !== undefined;
  }

  write(line: string): void {
    if (this.isOn) this.sink?.(line);
  }

  /** Adds a line to a file. @returns whether it could */
  writeTo(path: ByteString, line: string): boolean {
    return this.append?.(path, line) === true;
  }

  /** From now on all lines go to a file, if files are to be had. @returns whether they are */
  redirect(path: ByteString): boolean {
    const {append} = this;
    if (append === undefined) return false;
    this.sink = (line) => void append(path, line);
    this.isOn = true;
    return true;
  }
}
