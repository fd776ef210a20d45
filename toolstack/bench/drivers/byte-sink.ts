import type {BenchJob} from '../driver.ts';

/** The far end of a console: a write is over when its last byte has come out there. */
export class ByteSink implements BenchJob {
  private readonly line: Uint8Array;
  private readonly write: (bytes: Uint8Array) => void;
  private dueBytes = 0;
  private onWhole: () => void = () => undefined;

  /** `write` takes `sizeBytes` bytes. */
  constructor(sizeBytes: number, write: (bytes: Uint8Array) => void) {
    this.line = new Uint8Array(sizeBytes).fill(0x2e);
    this.write = write;
  }

  async run(count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      const whole = new Promise<void>((resolve) => (this.onWhole = resolve));
      this.dueBytes = this.line.length;
      this.write(this.line);
      await whole;
    }
  }

  /** So many bytes have come out. */
  take(bytes: number): void {
    this.dueBytes -= bytes;
    if (this.dueBytes === 0) this.onWhole();
  }
}
