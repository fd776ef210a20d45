import {setTimeout as sleep} from 'node:timers/promises';
import {NEVER} from 'rxjs';
import {type BlockDevice, DeviceIoError} from '../../frontends/api.ts';

/** A disk that is a buffer, as guest programs see one; it can be slow, or fail. */
export class BufferDisk implements BlockDevice {
  readonly name = 'xvda';
  readonly virtualDevice = 51712;
  readonly sectorSize = 512;
  readonly readonly: boolean;
  readonly removable = false;
  readonly canFlush = true;
  readonly resized = NEVER;
  readonly removed = NEVER;
  readonly bytes: Buffer;
  delayMs = 0;
  failure: string | undefined;
  flushes = 0;

  constructor(bytes: Uint8Array, readonly = false) {
    this.bytes = Buffer.from(bytes);
    this.readonly = readonly;
  }

  get sizeBytes(): number {
    return this.bytes.length;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    await this.wait();
    return Buffer.from(this.bytes.subarray(offset, offset + length));
  }

  async write(offset: number, data: Uint8Array): Promise<void> {
    await this.wait();
    this.bytes.set(data, offset);
  }

  async flush(): Promise<void> {
    await this.wait();
    this.flushes++;
  }

  async discard(offset: number, length: number): Promise<void> {
    await this.wait();
    this.bytes.fill(0, offset, offset + length);
  }

  stats(): Readonly<Record<string, number>> {
    return {};
  }

  private async wait(): Promise<void> {
    if (this.delayMs > 0) await sleep(this.delayMs);
    if (this.failure !== undefined) throw new DeviceIoError(this.failure, 'made up');
  }
}
