import {isAbsolute, dirname, resolve} from 'node:path';
import type {ImageFile} from '../image-file.ts';
import {type Storage, StorageError} from '../storage.ts';
import {CorruptImage} from '../io-error.ts';
import {HeaderFault, parseHeader, type Qcow2Header} from './header.ts';
import {Qcow2Image} from './image.ts';
import {repairRefcounts} from './repair.ts';

const FIRST_READ_BYTES = 2 ** 21;

/** How the backing file of an image is opened: its path, and the format that the image says it has. */
export type BackingOpener = (path: string, format: string) => Promise<Storage | StorageError>;

export interface OpenFormat {
  openBacking: BackingOpener;
  onClose: (closed: Promise<void>) => void;
}

/** Opens what a file holds as a qcow2 image. The file stays the caller's if it does not. */
export const openQcow2 = async (
  file: ImageFile,
  {openBacking, onClose}: OpenFormat,
): Promise<Qcow2Image | StorageError> => {
  const refuse = (reason: string): StorageError => new StorageError('bad-format', `${file.path}: ${reason}`);
  let backing: Storage | StorageError | undefined;
  try {
    let header = await readHeader(file);
    if (header.corrupt && !file.readonly) return refuse('marked as corrupt: it may only be read');
    if (header.dirty && !file.readonly) {
      await repairRefcounts(file, header);
      // Its refcount table may have moved.
      header = await readHeader(file);
    }
    backing = await backingOf(file.path, header, openBacking);
    if (backing instanceof StorageError) return backing;
    const image = new Qcow2Image(header, {file, backing, onClose});
    await image.open();
    return image;
  } catch (error) {
    if (backing !== undefined && !(backing instanceof StorageError)) backing.close();
    if (error instanceof HeaderFault || error instanceof CorruptImage) return refuse(error.message);
    throw error;
  }
};

const readHeader = async (file: ImageFile): Promise<Qcow2Header> =>
  parseHeader(await file.readBytes(0, Math.min(FIRST_READ_BYTES, file.sizeBytes)), file.sizeBytes);

/**
 * The format has to be given: a guest that writes a qcow2 header into a raw backing file must not make the host open
 * whatever file it names there.
 */
const backingOf = async (
  path: string,
  {backingFile, backingFormat}: Qcow2Header,
  open: BackingOpener,
): Promise<Storage | StorageError | undefined> => {
  if (backingFile === undefined) return undefined;
  if (backingFormat === undefined) {
    return new StorageError(
      'bad-format',
      `${path}: the format of its backing file ${backingFile} is not given; set it with qemu-img rebase -u -b FILE -F FORMAT`,
    );
  }
  const name = backingFile.replace(/^file:/, '');
  if (/^[a-z0-9+.-]+:/i.test(name)) {
    return new StorageError(
      'bad-format',
      `${path}: its backing file ${name} is not a file (a protocol is not supported)`,
    );
  }
  const target = isAbsolute(name) ? name : resolve(dirname(path), name);
  return open(target, backingFormat);
};
