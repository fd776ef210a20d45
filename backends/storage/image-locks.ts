import {lockFile, type LockOptions} from './lock-file.ts';

interface Holders {
  writer: boolean;
  readers: number;
  /** Resolves when an image that is being closed has been given back. */
  closing: Promise<void> | undefined;
}

/** An image's place among those in use. */
export interface ImageLock {
  /** The image is being closed: who asks for it waits for that instead of being refused. */
  closingUntil(closed: Promise<void>): void;
  release(): void;
}

/**
 * Who has which image open: one writer, or any number of readers. Images are told apart by device and inode, so a
 * second name of the same file does not help. Other processes are kept away by flock(2), where the open file is given.
 */
export class ImageLocks {
  private readonly held = new Map<string, Holders>();
  private readonly acrossProcesses: boolean;

  constructor({acrossProcesses = false} = {}) {
    this.acrossProcesses = acrossProcesses;
  }

  /** Undefined when the image is in use by others. The open file `fd` has to stay open as long as the lock is held. */
  async acquire(key: string, fd: number, options: LockOptions): Promise<ImageLock | undefined> {
    await this.closed(key);
    const {readonly} = options;
    const holders = this.held.get(key) ?? {writer: false, readers: 0, closing: undefined};
    if (holders.writer || (!readonly && holders.readers > 0)) return undefined;
    this.held.set(key, holders);
    if (readonly) holders.readers++;
    else holders.writer = true;
    if (this.acrossProcesses && !(await lockFile(fd, options))) {
      this.release(key, holders, readonly);
      return undefined;
    }
    return {closingUntil: (closed) => (holders.closing = closed), release: () => this.release(key, holders, readonly)};
  }

  /** An image that is closed may let go of one below it, which is closed then. */
  private async closed(key: string): Promise<void> {
    let waited: Promise<void> | undefined;
    for (;;) {
      const closing = this.held.get(key)?.closing;
      if (closing === waited) return;
      waited = closing;
      await closing;
    }
  }

  private release(key: string, holders: Holders, readonly: boolean): void {
    if (readonly) holders.readers--;
    else holders.writer = false;
    if (!holders.writer && holders.readers === 0) this.held.delete(key);
  }
}
