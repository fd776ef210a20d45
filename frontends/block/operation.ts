import {
  BLKIF_OP_DISCARD,
  BLKIF_OP_FLUSH_DISKCACHE,
  BLKIF_OP_READ,
  BLKIF_OP_WRITE,
} from '../../hypervisor/abi/io/blkif.ts';
import {DeviceIoError} from '../api.ts';

const verbs: Readonly<Record<number, string>> = {
  [BLKIF_OP_READ]: 'read',
  [BLKIF_OP_WRITE]: 'write',
  [BLKIF_OP_FLUSH_DISKCACHE]: 'flush',
  [BLKIF_OP_DISCARD]: 'discard',
};

/** One call of a guest program, as many requests as it takes. */
export class Operation {
  /** BLKIF_OP_* */
  readonly kind: number;
  /** Where on the disk, and how much, in bytes; 0 of a flush. */
  readonly position: number;
  readonly lengthBytes: number;
  /** What is read into or written from; empty where nothing moves. */
  readonly data: Uint8Array;
  readonly promise: Promise<void>;
  /** Errno name of the first request that failed: no further ones are made. */
  error: string | undefined;
  private issuedBytes = 0;
  private complete = false;
  private pending = 0;
  private resolve!: () => void;
  private reject!: (error: DeviceIoError) => void;

  constructor(kind: number, position: number, lengthBytes: number, data: Uint8Array) {
    this.kind = kind;
    this.position = position;
    this.lengthBytes = lengthBytes;
    this.data = data;
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  /** Bytes that requests have been made for. */
  get issued(): number {
    return this.issuedBytes;
  }

  /** No further request is to be made. */
  get isIssued(): boolean {
    return this.complete || this.error !== undefined;
  }

  /** A request for the next `bytes` was made. */
  onIssued(bytes: number): void {
    this.pending++;
    this.issuedBytes += bytes;
    this.complete = this.issuedBytes >= this.lengthBytes;
  }

  onAnswered(): void {
    this.pending--;
  }

  /** Settles the promise if nothing is out and nothing is left to be made. */
  settle(disk: string): void {
    if (this.pending > 0 || !this.isIssued) return;
    if (this.error === undefined) this.resolve();
    else this.fail(disk, this.error);
  }

  fail(disk: string, errno: string): void {
    this.reject(
      new DeviceIoError(errno, `${disk}: ${verbs[this.kind]} of ${this.lengthBytes} bytes at ${this.position}`),
    );
  }
}
