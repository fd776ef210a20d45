import {
  ImageLocks,
  IoVector,
  type OpenOptions,
  openStorage,
  PENDING,
  type Storage,
  StorageError,
} from '../../backends/storage/index.ts';

type Begin = (completion: {complete(result: number): void}) => number;

/** The result of an operation, whenever it ends. */
export const result = (begin: Begin): Promise<number> =>
  new Promise((resolve) => {
    const now = begin({complete: resolve});
    if (now !== PENDING) resolve(now);
  });

/** Opens an image that can be opened, with locks of its own. */
export const openImage = async (target: string, options: Partial<OpenOptions> = {}): Promise<Storage> => {
  const storage = await openStorage(target, {readonly: false, locks: new ImageLocks(), ...options});
  if (storage instanceof StorageError) throw storage;
  return storage;
};

/** Why an image cannot be opened: code and message; "opened" if it can. */
export const refusal = async (target: string, options: Partial<OpenOptions> = {}): Promise<string> => {
  const storage = await openStorage(target, {readonly: false, locks: new ImageLocks(), ...options});
  if (storage instanceof StorageError) return `${storage.code}: ${storage.message}`;
  storage.close();
  return 'opened';
};

export const vectorOver = (bytes: Uint8Array): IoVector => {
  const vector = new IoVector({u8: bytes}, 1);
  vector.add(0, bytes.length);
  return vector;
};

/** The bytes, or -errno. */
export const tryRead = async (storage: Storage, position: number, length: number): Promise<Uint8Array | number> => {
  const bytes = new Uint8Array(length).fill(0xee);
  const got = await result((completion) => storage.read(vectorOver(bytes), position, completion));
  return got < 0 ? got : bytes;
};

export const readBytes = async (storage: Storage, position = 0, length = storage.sizeBytes): Promise<Uint8Array> => {
  const bytes = await tryRead(storage, position, length);
  if (typeof bytes === 'number') throw new Error(`read of ${length} at ${position}: ${bytes}`);
  return bytes;
};

/** Bytes written, or -errno. */
export const writeBytes = (storage: Storage, position: number, bytes: Uint8Array): Promise<number> =>
  result((completion) => storage.write(vectorOver(bytes), position, completion));

export const flush = (storage: Storage): Promise<number> => result((completion) => storage.flush(completion));

/** Discards the whole range, in as many steps as it takes. */
export const discard = async (storage: Storage, position: number, length: number): Promise<number> => {
  for (let done = 0; done < length;) {
    const step = await result((completion) => storage.discard(position + done, length - done, completion));
    if (step <= 0) return step;
    done += step;
  }
  return length;
};
