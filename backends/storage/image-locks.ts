interface Holders {
  writer: boolean;
  readers: number;
}

/**
 * Who of this process has which image open: one writer, or any number of readers. Images are told apart by device and
 * inode, so a second name of the same file does not help.
 */
export class ImageLocks {
  private readonly held = new Map<string, Holders>();

  /** Returns the function that gives the image back, or undefined when it is in use by others. */
  acquire(key: string, readonly: boolean): (() => void) | undefined {
    const holders = this.held.get(key) ?? {writer: false, readers: 0};
    if (holders.writer || (!readonly && holders.readers > 0)) return undefined;
    this.held.set(key, holders);
    if (readonly) holders.readers++;
    else holders.writer = true;
    return () => this.release(key, holders, readonly);
  }

  private release(key: string, holders: Holders, readonly: boolean): void {
    if (readonly) holders.readers--;
    else holders.writer = false;
    if (!holders.writer && holders.readers === 0) this.held.delete(key);
  }
}
