import {closeSync, mkdirSync, openSync, writeSync} from 'node:fs';
import {join} from 'node:path';

/** Guests' console logs, guest-NAME.log in one directory, as xenconsoled --log=guest writes them. */
export class ConsoleLogs {
  private readonly directory: string;
  private readonly files = new Map<number, number>();

  constructor(directory: string) {
    this.directory = directory;
    mkdirSync(directory, {recursive: true, mode: 0o700});
  }

  /** Opens the log of a new domain; its name has been checked to be a file name. */
  open(domid: number, name: string): void {
    this.close(domid);
    try {
      this.files.set(domid, openSync(join(this.directory, `guest-${name.replaceAll('/', '_')}.log`), 'a', 0o600));
    } catch {
      // No log is no reason to refuse a guest.
    }
  }

  write(domid: number, bytes: Uint8Array): void {
    const file = this.files.get(domid);
    if (file === undefined) return;
    try {
      writeSync(file, bytes);
    } catch {
      // A full disk loses the log, not the guest.
      this.close(domid);
    }
  }

  close(domid: number): void {
    const file = this.files.get(domid);
    if (file === undefined) return;
    this.files.delete(domid);
    closeSync(file);
  }

  closeAll(): void {
    for (const domid of this.files.keys()) this.close(domid);
  }
}
