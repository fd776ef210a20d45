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

/** Bytes of an operation, counted from its start. */
export interface Extent {
  readonly offset: number;
  readonly lengthBytes: number;
}

/** One call of a guest program, as many requests as it takes. */
export class Operation {
  /** BLKIF_OP_* */
  readonly kind: number;
  /** Where on the disk, and how much, in bytes; 0 of a flush. */
  readonly position: number;
  readonly lengthBytes: number;
  /** What is read into or written from; empty where nothing moves. */
  readonly data: Uint8Array;
  /** Of a discard: what is discarded must not be readable any more. */
  readonly secure: boolean;
  readonly promise: Promise<void>;
  /** Errno name of the first request that failed: no further ones are made. */
  error: string | undefined;
  /** What no request is out for, or was answered, in order. */
  private readonly todo: Extent[];
  private pending = 0;
  private resolve!: () => void;
  private reject!: (error: DeviceIoError) => void;

  constructor(kind: number, position: number, lengthBytes: number, data: Uint8Array, secure = false) {
    this.kind = kind;
    this.position = position;
    this.lengthBytes = lengthBytes;
    this.data = data;
    this.secure = secure;
    this.todo = [{offset: 0, lengthBytes}];
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  /** No further request is to be made. */
  get isIssued(): boolean {
    return this.todo.length === 0 || this.error !== undefined;
  }

  /** What the next request should be about: all of it that follows on the disk. */
  get next(): Extent {
    return this.todo[0];
  }

  /** A request for the first `bytes` of `next` was made. */
  onIssued(bytes: number): void {
    const {offset, lengthBytes} = this.todo[0];
    this.pending++;
    if (bytes >= lengthBytes) this.todo.shift();
    else this.todo[0] = {offset: offset + bytes, lengthBytes: lengthBytes - bytes};
  }

  onAnswered(): void {
    this.pending--;
  }

  /** A request was lost with its ring, and is to be made again. */
  takeBack(extent: Extent): void {
    this.pending--;
    const at = this.todo.findIndex(({offset}) => offset > extent.offset);
    this.todo.splice(at < 0 ? this.todo.length : at, 0, extent);
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
