import {BootError} from './boot-error.ts';

/** Blocks of a file that follow each other on the disk, too. What no run names is zeros. */
export interface BlockRun {
  /** First block in the file, and on the disk. */
  readonly logical: number;
  readonly physical: number;
  readonly count: number;
}

export interface MapReader {
  /** Gets a block of the disk. */
  read(block: number): Promise<Buffer>;
  readonly blockBytes: number;
  /** The file's length. */
  readonly blocks: number;
}

/** Goes through a file's map of blocks, which begins in its inode. */
export type BlockMap = (inodeMap: Buffer, reader: MapReader) => AsyncGenerator<BlockRun>;

const EXTENT_MAGIC = 0xf30a;
const EXTENT_BYTES = 12;
const MAX_DEPTH = 5;
/** A longer extent is one of so many blocks less, which were never written. */
const MAX_WRITTEN = 32768;

/** A tree of extents. @see Linux, Documentation/filesystems/ext4/ifork.rst, "Extent Tree" */
export const extentMap: BlockMap = async function* (inodeMap, reader) {
  yield* extentsOf(inodeMap, reader, MAX_DEPTH);
};

async function* extentsOf(node: Buffer, reader: MapReader, maxDepth: number): AsyncGenerator<BlockRun> {
  const count = node.readUInt16LE(2);
  const depth = node.readUInt16LE(6);
  if (node.readUInt16LE(0) !== EXTENT_MAGIC || depth > maxDepth || (count + 1) * EXTENT_BYTES > node.length) {
    throw new BootError('the extents of a file are damaged');
  }
  for (let at = EXTENT_BYTES; at <= count * EXTENT_BYTES; at += EXTENT_BYTES) {
    if (depth > 0) {
      const child = node.readUInt16LE(at + 8) * 2 ** 32 + node.readUInt32LE(at + 4);
      yield* extentsOf(await reader.read(child), reader, depth - 1);
      continue;
    }
    const length = node.readUInt16LE(at + 4);
    if (length > MAX_WRITTEN) continue;
    const physical = node.readUInt16LE(at + 6) * 2 ** 32 + node.readUInt32LE(at + 8);
    yield {logical: node.readUInt32LE(at), physical, count: length};
  }
}

const DIRECT_BLOCKS = 12;
/** Blocks of numbers of blocks, three levels of them. */
const INDIRECT_LEVELS = 3;

/** The older map of ext2 and ext3: twelve blocks, then blocks of block numbers. */
export const indirectMap: BlockMap = async function* (inodeMap, reader) {
  let logical = 0;
  for (let i = 0; i < DIRECT_BLOCKS + INDIRECT_LEVELS && logical < reader.blocks; i++) {
    const level = Math.max(0, i - DIRECT_BLOCKS + 1);
    for await (const physical of leavesOf(inodeMap.readUInt32LE(i * 4), level, reader)) {
      if (logical >= reader.blocks) return;
      if (physical !== 0) yield {logical, physical, count: 1};
      logical++;
    }
  }
};

/** Numbers of data blocks below a block; 0 for each that is a hole, as all are below a hole. */
async function* leavesOf(block: number, level: number, reader: MapReader): AsyncGenerator<number> {
  if (level === 0) {
    yield block;
    return;
  }
  const numbers = block === 0 ? Buffer.alloc(reader.blockBytes) : await reader.read(block);
  for (let at = 0; at < numbers.length; at += 4) yield* leavesOf(numbers.readUInt32LE(at), level - 1, reader);
}
