import {type BlockDevice, DeviceIoError} from '../../../frontends/api.ts';
import {NBD_EINVAL, NBD_EIO, NBD_ENOSPC, NBD_EPERM} from '../../../backends/storage/nbd/index.ts';

/** Errors of the protocol that have an errno name here. */
const codes: Readonly<Record<string, number | undefined>> = {
  EIO: NBD_EIO,
  EINVAL: NBD_EINVAL,
  EROFS: NBD_EPERM,
  ENOSPC: NBD_ENOSPC,
};

const ZERO_STEP_BYTES = 2 ** 20;
const TRIM_STEP_BYTES = 2 ** 29;

const zeroes = new Uint8Array(ZERO_STEP_BYTES);

/** NBD error of what a request failed with. */
export const nbdErrorOf = (error: unknown): number =>
  (error instanceof DeviceIoError ? codes[error.errno] : undefined) ?? NBD_EIO;

/** A guest's disk as it is exported: whatever is done to it goes through the guest's frontend. */
export class ExportedDisk {
  readonly readonly: boolean;
  /** What is flushed is stable. */
  readonly canFlush: boolean;
  readonly sectorSize: number;
  private readonly current: () => BlockDevice | undefined;

  /** `current` gives the disk while it is connected: it may come back as another object. */
  constructor(current: () => BlockDevice | undefined) {
    this.current = current;
    const {canFlush, readonly, sectorSize} = this.device;
    this.canFlush = canFlush;
    this.readonly = readonly;
    this.sectorSize = sectorSize;
  }

  /** May change: a client knows what it was when it came. */
  get sizeBytes(): number {
    return this.current()?.sizeBytes ?? 0;
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    return this.device.read(offset, length);
  }

  write(offset: number, data: Uint8Array): Promise<void> {
    return this.device.write(offset, data);
  }

  flush(): Promise<void> {
    return this.device.flush();
  }

  /** A hint: what the backend does not discard stays. */
  async trim(offset: number, length: number): Promise<void> {
    try {
      for (let done = 0; done < length; done += TRIM_STEP_BYTES) {
        await this.device.discard(offset + done, Math.min(TRIM_STEP_BYTES, length - done));
      }
    } catch (error) {
      if (!(error instanceof DeviceIoError && error.errno === 'EOPNOTSUPP')) throw error;
    }
  }

  /** blkif has no such request: zeroes are written. */
  async writeZeroes(offset: number, length: number): Promise<void> {
    for (let done = 0; done < length; done += ZERO_STEP_BYTES) {
      await this.device.write(offset + done, zeroes.subarray(0, Math.min(ZERO_STEP_BYTES, length - done)));
    }
  }

  private get device(): BlockDevice {
    const device = this.current();
    if (device === undefined) throw new DeviceIoError('ENODEV', 'the disk is not connected');
    return device;
  }
}
