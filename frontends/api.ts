import type {Observable} from 'rxjs';

/** What a request of a guest program failed with: an errno name such as 'EIO', 'EROFS', 'ENODEV', 'EINVAL'. */
export class DeviceIoError extends Error {
  readonly errno: string;

  constructor(errno: string, message: string) {
    super(`${message}: ${errno}`);
    this.name = 'DeviceIoError';
    this.errno = errno;
  }
}

/** A disk as guest programs see it. Offsets and lengths are bytes, multiples of sectorSize, else EINVAL. */
export interface BlockDevice {
  /** "xvda" */
  readonly name: string;
  readonly virtualDevice: number;
  readonly sizeBytes: number;
  readonly sectorSize: number;
  readonly readonly: boolean;
  /** Completes when the device was removed. */
  readonly removed: Observable<never>;
  /** Rejects with DeviceIoError. */
  read(offset: number, length: number): Promise<Uint8Array>;
  write(offset: number, data: Uint8Array): Promise<void>;
  flush(): Promise<void>;
  discard(offset: number, length: number): Promise<void>;
  stats(): Readonly<Record<string, number>>;
}

/** A network interface as guest programs see it. Frames are Ethernet, from the destination address on, without FCS. */
export interface NetDevice {
  /** "eth0" */
  readonly name: string;
  readonly mac: Uint8Array;
  readonly mtu: number;
  readonly carrier: boolean;
  /** Frames received, a batch for each event. The bytes are the receiver's to keep. */
  readonly frames: Observable<readonly Uint8Array[]>;
  /** Completes when the device was removed. */
  readonly removed: Observable<never>;
  /** Queues a frame of 14..mtu+14 bytes; false when the ring is full or there is no carrier (counted as dropped). */
  send(frame: Uint8Array): boolean;
  stats(): Readonly<Record<string, number>>;
}

/** The guest's console. */
export interface ConsoleDevice {
  /** Bytes typed at the console. */
  readonly input: Observable<Uint8Array>;
  /** Queues output; the ring drains as the console daemon reads. */
  write(data: Uint8Array | string): void;
}
