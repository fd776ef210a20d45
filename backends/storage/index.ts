export {type FileCalls, nodeCalls} from './file-io.ts';
export {FaultyStorage, type StorageFaults} from './faulty-storage.ts';
export type {Clock} from './image-file.ts';
export {GrowingFile, type GrowingFileOptions} from './growing-file.ts';
export {errnoOf} from './io-error.ts';
export {ImageLocks} from './image-locks.ts';
export {type ByteMemory, gather, IoVector, scatter, slice, vectorOf, viewsOf} from './io-vector.ts';
export {imagesClosed} from './open-file.ts';
export {type OpenOptions, openStorage} from './open.ts';
export {RamImage} from './ram-image.ts';
export {
  type Completion,
  PENDING,
  SECTOR_BYTES,
  type Storage,
  StorageError,
  type StorageErrorCode,
  type StorageOpener,
} from './storage.ts';
