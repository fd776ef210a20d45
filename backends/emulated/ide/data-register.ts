/** Called when the host has moved the last byte of a block. */
export type OnMoved = () => void;

/**
 * The window that a drive opens for PIO: one block of data, word by word through the Data register. Where no block is
 * open, reads give 0 and writes go nowhere.
 */
export class DataRegister {
  private bytes: Uint8Array | undefined;
  private toHost = false;
  private at = 0;
  private onMoved: OnMoved = () => undefined;

  /** Lets the host read a block of 1 byte or more. */
  offer(bytes: Uint8Array, onMoved: OnMoved): void {
    this.open(bytes, true, onMoved);
  }

  /** Lets the host fill a block. */
  request(bytes: Uint8Array, onMoved: OnMoved): void {
    this.open(bytes, false, onMoved);
  }

  close(): void {
    this.bytes = undefined;
  }

  /** REP INS: fills `into` as far as the block goes; the next block, if there is one already, comes behind it. */
  read(into: Uint8Array): void {
    for (let done = 0; done < into.length;) {
      const {bytes, at} = this;
      if (bytes === undefined || !this.toHost) return void into.fill(0, done);
      const moved = bytes.subarray(at, at + into.length - done);
      into.set(moved, done);
      done += moved.length;
      this.advance(moved.length);
      // The last word of an odd block has one byte more.
      if (this.bytes !== bytes && done % 2 === 1) into[done++] = 0;
    }
  }

  write(from: Uint8Array): void {
    for (let done = 0; done < from.length;) {
      const {bytes, at} = this;
      if (bytes === undefined || this.toHost) return;
      const length = Math.min(bytes.length - at, from.length - done);
      bytes.set(from.subarray(done, done + length), at);
      done += length;
      this.advance(length);
      if (this.bytes !== bytes && done % 2 === 1) done++;
    }
  }

  private open(bytes: Uint8Array, toHost: boolean, onMoved: OnMoved): void {
    this.bytes = bytes;
    this.toHost = toHost;
    this.at = 0;
    this.onMoved = onMoved;
  }

  private advance(length: number): void {
    this.at += length;
    if (this.bytes === undefined || this.at < this.bytes.length) return;
    this.bytes = undefined;
    this.onMoved();
  }
}
