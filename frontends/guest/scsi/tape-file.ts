import type {GuestFile} from '../files.ts';
import type {Tape} from './tape.ts';

/**
 * A tape as a file: bytes go by in order, whatever offset is asked for. Closed after a write, it ends with a filemark; the
 * rewinding one of the two devices then goes to its start. @see st(4)
 */
export class TapeFile implements GuestFile {
  readonly sizeBytes = undefined;
  private readonly tape: Tape;
  private readonly rewinds: boolean;
  private wrote = false;

  constructor(tape: Tape, rewinds: boolean) {
    this.tape = tape;
    this.rewinds = rewinds;
  }

  async read(_offset: number, length: number): Promise<Uint8Array> {
    await this.endFile();
    return this.tape.read(length);
  }

  async write(_offset: number, data: Uint8Array): Promise<number> {
    await this.tape.write(data);
    this.wrote = true;
    return data.length;
  }

  sync(): Promise<void> {
    return this.tape.writeFilemarks(0);
  }

  async close(): Promise<void> {
    await this.endFile();
    if (this.rewinds) await this.tape.rewind();
  }

  private async endFile(): Promise<void> {
    if (!this.wrote) return;
    this.wrote = false;
    await this.tape.writeFilemarks(1);
  }
}
