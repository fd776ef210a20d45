import {BootError} from './boot-error.ts';
import type {ByteSource} from './disk-reader.ts';
import type {FileReader} from './file-reader.ts';

/** @see ECMA-119; the Joliet specification; IEEE P1282 (Rock Ridge), "NM" */
const SECTOR_BYTES = 2048;
const FIRST_DESCRIPTOR = 16;
const MAX_DESCRIPTORS = 16;
const STANDARD = 'CD001';
const PRIMARY = 1;
const SUPPLEMENTARY = 2;
const TERMINATOR = 255;
/** What a supplementary descriptor says when its names are Joliet's, in UCS-2. */
const JOLIET_ESCAPES = new Set(['%/@', '%/C', '%/E']);
const ESCAPES = 88;
const ROOT_RECORD = 156;

/** Of a directory record. */
const MIN_RECORD_BYTES = 34;
const FLAG_DIRECTORY = 2;
const FLAG_MULTI_EXTENT = 0x80;

const MAX_FILE_BYTES = 512 * 2 ** 20;
const MAX_DIRECTORY_BYTES = 4 * 2 ** 20;

interface DirectoryRecord {
  readonly name: string;
  readonly flags: number;
  readonly extent: number;
  readonly sizeBytes: number;
}

/** Reads files of a CD image, by its Joliet names, else those of Rock Ridge, else the short ones. BootError for a damaged one. */
export class IsoFileSystem implements FileReader {
  private readonly source: ByteSource;
  private readonly root: DirectoryRecord;
  private readonly isJoliet: boolean;

  private constructor(source: ByteSource, descriptor: Buffer, isJoliet: boolean) {
    this.source = source;
    this.isJoliet = isJoliet;
    this.root = parseRecord(descriptor.subarray(ROOT_RECORD), isJoliet);
  }

  /** Undefined when there is no such file system. */
  static async open(source: ByteSource): Promise<IsoFileSystem | undefined> {
    let primary: Buffer | undefined;
    for (let i = 0; i < MAX_DESCRIPTORS; i++) {
      const at = (FIRST_DESCRIPTOR + i) * SECTOR_BYTES;
      if (at + SECTOR_BYTES > source.sizeBytes) break;
      const descriptor = await source.read(at, SECTOR_BYTES);
      if (descriptor.toString('latin1', 1, 1 + STANDARD.length) !== STANDARD || descriptor[0] === TERMINATOR) break;
      const escapes = descriptor.toString('latin1', ESCAPES, ESCAPES + 3);
      if (descriptor[0] === PRIMARY) primary ??= descriptor;
      if (descriptor[0] === SUPPLEMENTARY && JOLIET_ESCAPES.has(escapes)) {
        return new IsoFileSystem(source, descriptor, true);
      }
    }
    return primary === undefined ? undefined : new IsoFileSystem(source, primary, false);
  }

  async readFile(path: string): Promise<Buffer | undefined> {
    let here = this.root;
    for (const name of path.split('/').filter((part) => part !== '')) {
      const found: DirectoryRecord | undefined = await this.lookUp(here, name);
      if (found === undefined) return undefined;
      here = found;
    }
    if ((here.flags & FLAG_DIRECTORY) !== 0) throw new BootError(`${path} is not a file`);
    if ((here.flags & FLAG_MULTI_EXTENT) !== 0 || here.sizeBytes > MAX_FILE_BYTES) {
      throw new BootError(`${path} is larger than ${MAX_FILE_BYTES} bytes`);
    }
    return this.source.read(here.extent * SECTOR_BYTES, here.sizeBytes);
  }

  private async lookUp(directory: DirectoryRecord, name: string): Promise<DirectoryRecord | undefined> {
    if ((directory.flags & FLAG_DIRECTORY) === 0) return undefined;
    if (directory.sizeBytes > MAX_DIRECTORY_BYTES) throw new BootError('a directory of its file system is damaged');
    const records = await this.source.read(directory.extent * SECTOR_BYTES, directory.sizeBytes);
    for (let at = 0; at < records.length;) {
      const length = records[at];
      // No record crosses the end of a sector: what is left of it is zeros.
      if (length < MIN_RECORD_BYTES) at = (Math.floor(at / SECTOR_BYTES) + 1) * SECTOR_BYTES;
      else {
        const record = parseRecord(records.subarray(at, at + length), this.isJoliet);
        if (record.name === name) return record;
        at += length;
      }
    }
    return undefined;
  }
}

const parseRecord = (bytes: Buffer, isJoliet: boolean): DirectoryRecord => {
  if (bytes.length < MIN_RECORD_BYTES) throw new BootError('a directory of its file system is damaged');
  const nameEnd = 33 + bytes[32];
  const name = bytes.subarray(33, nameEnd);
  return {
    name: isJoliet ? jolietName(name) : (rockRidgeName(bytes, nameEnd) ?? shortName(name)),
    flags: bytes[25],
    extent: bytes.readUInt32LE(2),
    sizeBytes: bytes.readUInt32LE(10),
  };
};

const withoutVersion = (name: string): string => name.replace(/\.?;\d+$/, '');

const jolietName = (name: Buffer): string =>
  withoutVersion(
    Buffer.from(name)
      .subarray(0, name.length & ~1)
      .swap16()
      .toString('utf16le'),
  );

/** Upper case on the disk, as MS-DOS had it: Linux shows it in lower case, too. */
const shortName = (name: Buffer): string => withoutVersion(name.toString('latin1')).toLowerCase();

/** The NM entries of the system use area, which begins at an even place behind the name. */
const rockRidgeName = (record: Buffer, nameEnd: number): string | undefined => {
  let name: string | undefined;
  for (let at = nameEnd + (nameEnd & 1); at + 5 <= record.length;) {
    const length = record[at + 2];
    if (length < 5 || at + length > record.length) break;
    if (record.toString('latin1', at, at + 2) === 'NM')
      name = (name ?? '') + record.toString('utf8', at + 5, at + length);
    at += length;
  }
  return name;
};
