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
  /** May change while the disk is there; 0 of a drive without a medium. */
  readonly sizeBytes: number;
  readonly sectorSize: number;
  readonly readonly: boolean;
  /** The medium can be changed. */
  readonly removable: boolean;
  /** Whether flush() reaches stable storage: not every backend offers it. */
  readonly canFlush: boolean;
  /** The new size, each time the backend says another. */
  readonly resized: Observable<number>;
  /** Completes when the device was removed. */
  readonly removed: Observable<never>;
  /** Rejects with DeviceIoError. Calls under way outlast a backend that is started anew. */
  read(offset: number, length: number): Promise<Uint8Array>;
  write(offset: number, data: Uint8Array): Promise<void>;
  /** Writes that have ended are stable after it. Does nothing where the disk does not flush. */
  flush(): Promise<void>;
  /** EOPNOTSUPP where the backend does not discard; `secure`: or not so that it is unreadable. */
  discard(offset: number, length: number, secure?: boolean): Promise<void>;
  stats(): Readonly<Record<string, number>>;
}

/** What a sender leaves to others. The checksum of TCP or UDP is made on the way then, whatever its field holds. */
export interface SendOffload {
  /** Payload bytes of each segment into which a TCP packet is to be cut: its frame may have up to 65535 bytes. */
  readonly segmentBytes?: number;
}

/** What the other end of an interface does for those who send. */
export interface DeviceOffloads {
  readonly checksumIpv4: boolean;
  readonly checksumIpv6: boolean;
  readonly segmentIpv4: boolean;
  readonly segmentIpv6: boolean;
}

/** A network interface as guest programs see it. Frames are Ethernet, from the destination address on, without FCS. */
export interface NetDevice {
  /** "eth0" */
  readonly name: string;
  readonly mac: Uint8Array;
  readonly mtu: number;
  /** Connected, and the backend does not say that the link is down. */
  readonly carrier: boolean;
  /** What a sender may leave to it; nothing if this is not there. */
  readonly offloads?: DeviceOffloads;
  /**
   * Frames received, a batch for each event. The bytes are the receiver's to keep. TCP may come in frames longer than the
   * MTU, where it was never cut into segments, without a checksum: see offloadOf.
   */
  readonly frames: Observable<readonly Uint8Array[]>;
  /** Completes when the device was removed. */
  readonly removed: Observable<never>;
  /**
   * Queues a frame of 14..mtu+14 bytes, more where it is to be cut into segments; false when the ring is full, there is no
   * carrier, or what is left to do is not offered (counted as dropped). The bytes may be used again after that.
   */
  send(frame: Uint8Array, offload?: SendOffload): boolean;
  /** Wants to hear a multicast address, "33:33:00:00:00:01", where the other end sends only what was asked for; or no more. */
  joinGroup?(mac: string): void;
  leaveGroup?(mac: string): void;
  /** There may be room again for what `send` refused. Who looks at it keeps such frames: they are not counted as dropped. */
  readonly room?: Observable<void>;
  /** Of one of `frames`: how who passes it on sends it; undefined for one of ordinary length. */
  offloadOf?(frame: Uint8Array): SendOffload | undefined;
  stats(): Readonly<Record<string, number>>;
}

/** What goes with a SCSI command: data to the device, or room for data from it, not both. */
export interface ScsiExchange {
  readonly dataOut?: Uint8Array;
  readonly dataInBytes?: number;
  /** Then the command is aborted, or its unit reset; 30 s by default. */
  readonly timeoutNs?: number;
  /** Ends the command by an abort. */
  readonly signal?: AbortSignal;
}

/** How a SCSI command ended. */
export interface ScsiReply {
  /** SAM status: 0 is GOOD, 2 CHECK CONDITION. Of one that never came to its unit 0. */
  readonly status: number;
  /** XEN_VSCSIIF_RSLT_HOST_*: 0 when the unit answered. */
  readonly host: number;
  /** Up to 96 bytes. */
  readonly sense: Uint8Array;
  /** What came from the device. */
  readonly data: Uint8Array;
  /** Bytes of the data or of the room that were not moved. */
  readonly residualBytes: number;
}

/** A logical unit of a SCSI device as guest programs see it. */
export interface ScsiUnit {
  /** Where it is: h:c:t:l. */
  readonly host: number;
  readonly channel: number;
  readonly id: number;
  readonly lun: number;
  /** Of one command's data. */
  readonly maxTransferBytes: number;
  /** Completes when the unit was removed. */
  readonly removed: Observable<never>;
  /** Sends a command of up to 16 bytes. Rejects with DeviceIoError: ENODEV, EINVAL, EBUSY, ENOMEM. */
  execute(cdb: Uint8Array, exchange?: ScsiExchange): Promise<ScsiReply>;
  /** Ends all that the unit does, for every guest that has it. False: it did not answer. */
  reset(): Promise<boolean>;
  /** "h:c:t:l" */
  toString(): string;
}

/** The guest's console. */
export interface ConsoleDevice {
  /** Bytes typed at the console. */
  readonly input: Observable<Uint8Array>;
  /** Queues output; the ring drains as the console daemon reads. */
  write(data: Uint8Array | string): void;
}
