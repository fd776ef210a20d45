import type {Completion, IoVector, Storage} from '../../backends/storage/index.ts';

/** One image that several backends work on, as QEMU and blkback do for an HVM guest. The last that closes it closes it. */
export class SharedImage {
  private readonly storage: Storage;
  private users = 0;

  constructor(storage: Storage) {
    this.storage = storage;
  }

  /** The image for one more of them. */
  open(): Storage {
    this.users++;
    return new SharedView(this.storage, () => {
      this.users--;
      if (this.users === 0) this.storage.close();
    });
  }
}

class SharedView implements Storage {
  readonly readonly: boolean;
  readonly discardGranularity: number;
  readonly remeasure: (() => void) | undefined;
  private readonly storage: Storage;
  private onClose: (() => void) | undefined;

  constructor(storage: Storage, onClose: () => void) {
    this.storage = storage;
    this.onClose = onClose;
    this.readonly = storage.readonly;
    this.discardGranularity = storage.discardGranularity;
    this.remeasure = storage.remeasure && (() => storage.remeasure?.());
  }

  get sizeBytes(): number {
    return this.storage.sizeBytes;
  }

  read(vector: IoVector, position: number, completion: Completion): number {
    return this.storage.read(vector, position, completion);
  }

  write(vector: IoVector, position: number, completion: Completion): number {
    return this.storage.write(vector, position, completion);
  }

  flush(completion: Completion): number {
    return this.storage.flush(completion);
  }

  discard(position: number, length: number, completion: Completion): number {
    return this.storage.discard(position, length, completion);
  }

  close(): void {
    this.onClose?.();
    this.onClose = undefined;
  }

  toString(): string {
    return String(this.storage);
  }
}
