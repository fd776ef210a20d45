import {type Completion, type IoVector, PENDING, type Storage} from '../../backends/storage/index.ts';

interface Waiting {
  what: 'read' | 'write' | 'flush' | 'discard';
  finish: () => void;
}

/** An image whose operations end when the test says so. */
export class SlowStorage implements Storage {
  readonly readonly = false;
  readonly discardGranularity = 512;
  readonly waiting: Waiting[] = [];
  closed = false;
  private readonly inner: Storage;
  private readonly onClose: () => void;

  constructor(inner: Storage, onClose: () => void = () => undefined) {
    this.inner = inner;
    this.onClose = onClose;
  }

  get sizeBytes(): number {
    return this.inner.sizeBytes;
  }

  read(vector: IoVector, position: number, completion: Completion): number {
    return this.later('read', completion, () => this.inner.read(vector, position, completion));
  }

  write(vector: IoVector, position: number, completion: Completion): number {
    return this.later('write', completion, () => this.inner.write(vector, position, completion));
  }

  flush(completion: Completion): number {
    return this.later('flush', completion, () => this.inner.flush(completion));
  }

  discard(position: number, length: number, completion: Completion): number {
    return this.later('discard', completion, () => this.inner.discard(position, Math.min(length, 512), completion));
  }

  close(): void {
    this.closed = true;
    this.inner.close();
    this.onClose();
  }

  /** Ends the operation that has waited longest, or the one at `index`. */
  finish(index = 0): void {
    const [waiting] = this.waiting.splice(index, 1);
    waiting.finish();
  }

  private later(what: Waiting['what'], completion: Completion, act: () => number): number {
    this.waiting.push({what, finish: () => completion.complete(act())});
    return PENDING;
  }
}
