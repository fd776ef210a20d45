import {BootError} from './boot-error.ts';
import type {ByteSource} from './disk-reader.ts';
import {extentMap, indirectMap} from './ext-blocks.ts';
import type {FileReader} from './file-reader.ts';

/** Fields of the superblock. @see Linux, Documentation/filesystems/ext4/globals.rst */
const SUPERBLOCK = 1024;
const SUPERBLOCK_BYTES = 1024;
const MAGIC = 0xef53;
const INCOMPAT_META_BG = 0x10;
const INCOMPAT_64BIT = 0x80;

const EXTENTS_FLAG = 0x8_0000;
const INLINE_DATA_FLAG = 0x1000_0000;
const ENCRYPT_FLAG = 0x800;

const TYPE_MASK = 0o170000;
const TYPE_DIRECTORY = 0o040000;
const TYPE_FILE = 0o100000;
const TYPE_LINK = 0o120000;

const ROOT_INODE = 2;
const MIN_INODE_BYTES = 128;
/** Of an inode: its map of blocks, or a short link's target. */
const BLOCK_MAP = 40;
const BLOCK_MAP_BYTES = 60;
const DIRECTORY_ENTRY_BYTES = 8;

const MAX_BLOCK_SHIFT = 6;
const MAX_FILE_BYTES = 512 * 2 ** 20;
const MAX_DIRECTORY_BYTES = 16 * 2 ** 20;
const MAX_LINKS = 16;
/** As many as the largest file needs in the older map, with blocks of 1 KiB. */
const MAX_MAP_BLOCKS = 4096;

interface Geometry {
  readonly blockBytes: number;
  readonly firstBlock: number;
  readonly inodesPerGroup: number;
  readonly inodeBytes: number;
  readonly descriptorBytes: number;
}

interface Inode {
  readonly mode: number;
  readonly sizeBytes: number;
  readonly flags: number;
  readonly map: Buffer;
}

/** Reads files of an ext2, ext3 or ext4 file system. Everything on it may be wrong: BootError, and never endless work. */
export class ExtFileSystem implements FileReader {
  private readonly source: ByteSource;
  private readonly geometry: Geometry;

  private constructor(source: ByteSource, geometry: Geometry) {
    this.source = source;
    this.geometry = geometry;
  }

  /** Undefined when there is no such file system. */
  static async open(source: ByteSource): Promise<ExtFileSystem | undefined> {
    if (source.sizeBytes < SUPERBLOCK + SUPERBLOCK_BYTES) return undefined;
    const superblock = await source.read(SUPERBLOCK, SUPERBLOCK_BYTES);
    if (superblock.readUInt16LE(56) !== MAGIC) return undefined;
    const incompat = superblock.readUInt32LE(96);
    if ((incompat & INCOMPAT_META_BG) !== 0)
      throw new BootError('its ext4 has the feature meta_bg, which is not supported');
    const shift = superblock.readUInt32LE(24);
    const geometry = {
      blockBytes: 1024 << Math.min(shift, MAX_BLOCK_SHIFT),
      firstBlock: superblock.readUInt32LE(20),
      inodesPerGroup: superblock.readUInt32LE(40),
      inodeBytes: superblock.readUInt32LE(76) === 0 ? MIN_INODE_BYTES : superblock.readUInt16LE(88),
      descriptorBytes: (incompat & INCOMPAT_64BIT) === 0 ? 32 : superblock.readUInt16LE(254),
    };
    const {inodesPerGroup, inodeBytes, descriptorBytes} = geometry;
    if (shift > MAX_BLOCK_SHIFT || inodesPerGroup === 0 || inodeBytes < MIN_INODE_BYTES || descriptorBytes < 32) {
      throw new BootError('its ext superblock is damaged');
    }
    return new ExtFileSystem(source, geometry);
  }

  /** A file's bytes, through links; undefined when there is none of that name. */
  async readFile(path: string): Promise<Buffer | undefined> {
    const inode = await this.find(path);
    if (inode === undefined) return undefined;
    if (typeOf(inode) !== TYPE_FILE) throw new BootError(`${path} is not a file`);
    return this.content(inode, MAX_FILE_BYTES, path);
  }

  private async find(path: string): Promise<Inode | undefined> {
    const root = await this.inode(ROOT_INODE);
    const names = partsOf(path);
    const parents: Inode[] = [];
    let here = root;
    for (let links = 0; names.length > 0;) {
      const name = names.shift() ?? '';
      if (name === '..') {
        here = parents.pop() ?? root;
        continue;
      }
      const found = await this.lookUp(here, name);
      if (found === undefined) return undefined;
      if (typeOf(found) === TYPE_LINK) {
        if (++links > MAX_LINKS) throw new BootError(`${path} leads through too many links`);
        const target = await this.linkTarget(found, path);
        if (target.startsWith('/')) {
          here = root;
          parents.length = 0;
        }
        names.unshift(...partsOf(target));
      } else {
        parents.push(here);
        here = found;
      }
    }
    return here;
  }

  private async lookUp(directory: Inode, name: string): Promise<Inode | undefined> {
    if (typeOf(directory) !== TYPE_DIRECTORY) return undefined;
    const entries = await this.content(directory, MAX_DIRECTORY_BYTES, 'a directory');
    const wanted = Buffer.from(name);
    for (let at = 0; at + DIRECTORY_ENTRY_BYTES <= entries.length;) {
      const inode = entries.readUInt32LE(at);
      const entryBytes = entries.readUInt16LE(at + 4);
      if (entryBytes < DIRECTORY_ENTRY_BYTES) throw new BootError('a directory of its file system is damaged');
      const start = at + DIRECTORY_ENTRY_BYTES;
      if (inode !== 0 && entries.subarray(start, start + entries[at + 6]).equals(wanted)) return this.inode(inode);
      at += entryBytes;
    }
    return undefined;
  }

  private async linkTarget(link: Inode, path: string): Promise<string> {
    // A short target lies where the map of blocks would be.
    if (link.sizeBytes < BLOCK_MAP_BYTES) return link.map.toString('utf8', 0, link.sizeBytes);
    return (await this.content(link, this.geometry.blockBytes, path)).toString();
  }

  private async content(inode: Inode, limitBytes: number, what: string): Promise<Buffer> {
    const {sizeBytes, flags} = inode;
    if ((flags & (INLINE_DATA_FLAG | ENCRYPT_FLAG)) !== 0) {
      throw new BootError(`${what} is encrypted or has its data in its inode, which is not supported`);
    }
    if (sizeBytes > limitBytes) throw new BootError(`${what} is larger than ${limitBytes} bytes`);
    const {blockBytes} = this.geometry;
    const content = Buffer.alloc(sizeBytes);
    const map = (flags & EXTENTS_FLAG) === 0 ? indirectMap : extentMap;
    const blocks = Math.ceil(sizeBytes / blockBytes);
    let left = sizeBytes;
    for await (const run of map(inode.map, {read: this.mapReader(), blockBytes, blocks})) {
      const start = run.logical * blockBytes;
      const bytes = Math.min(run.count * blockBytes, sizeBytes - start);
      if (bytes <= 0) continue;
      // Runs do not overlap, so that they are never more than the file.
      if ((left -= bytes) < 0) throw new BootError(`the map of ${what} is damaged`);
      content.set(await this.source.read(run.physical * blockBytes, bytes), start);
    }
    return content;
  }

  /** Reads the blocks of one map: a damaged one could lead to the same block again and again. */
  private mapReader(): (block: number) => Promise<Buffer> {
    const {blockBytes} = this.geometry;
    let left = MAX_MAP_BLOCKS;
    return async (block) => {
      if (left-- === 0) throw new BootError('the map of a file is damaged');
      return this.source.read(block * blockBytes, blockBytes);
    };
  }

  private async inode(number: number): Promise<Inode> {
    const {blockBytes, firstBlock, inodesPerGroup, inodeBytes, descriptorBytes} = this.geometry;
    const group = Math.floor((number - 1) / inodesPerGroup);
    const descriptor = await this.source.read((firstBlock + 1) * blockBytes + group * descriptorBytes, descriptorBytes);
    const high = descriptorBytes >= 64 ? descriptor.readUInt32LE(40) : 0;
    const table = high * 2 ** 32 + descriptor.readUInt32LE(8);
    const at = table * blockBytes + ((number - 1) % inodesPerGroup) * inodeBytes;
    const inode = await this.source.read(at, MIN_INODE_BYTES);
    return {
      mode: inode.readUInt16LE(0),
      sizeBytes: inode.readUInt32LE(108) * 2 ** 32 + inode.readUInt32LE(4),
      flags: inode.readUInt32LE(32),
      map: inode.subarray(BLOCK_MAP, BLOCK_MAP + BLOCK_MAP_BYTES),
    };
  }
}

const typeOf = ({mode}: Inode): number => mode & TYPE_MASK;

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.');
