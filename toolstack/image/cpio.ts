/** A file of an archive. Modes are those of stat(2). */
export interface CpioEntry {
  /** Relative, without a leading slash. */
  readonly path: string;
  readonly mode: number;
  readonly content: Uint8Array;
}

export const MODE_DIRECTORY = 0o040755;
export const MODE_PROGRAM = 0o100755;
export const MODE_FILE = 0o100644;
/** The content is what the link points to. */
export const MODE_SYMLINK = 0o120777;

const MAGIC = '070701';
const TRAILER = 'TRAILER!!!';
const ALIGNMENT = 4;

/** An archive in the "newc" format, which Linux unpacks as its first file system. @see cpio(5) */
export const newcArchive = (entries: readonly CpioEntry[]): Uint8Array => {
  const parts = entries.flatMap((entry, i) => newcEntry(entry, i + 1));
  return Buffer.concat([...parts, ...newcEntry({path: TRAILER, mode: 0, content: new Uint8Array()}, 0)]);
};

const newcEntry = ({path, mode, content}: CpioEntry, inode: number): Uint8Array[] => {
  const name = Buffer.from(`${path}\0`);
  // inode, mode, uid, gid, links, time, size, device (2), special device (2), name size, checksum.
  const fields = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length, 0];
  const header = Buffer.from(MAGIC + fields.map((field) => field.toString(16).padStart(8, '0')).join(''));
  return [...padded(Buffer.concat([header, name])), ...padded(content)];
};

const padded = (bytes: Uint8Array): Uint8Array[] => [bytes, Buffer.alloc(-bytes.length & (ALIGNMENT - 1))];
