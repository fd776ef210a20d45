import {dirname, isAbsolute, resolve} from 'node:path';
import type {ImageFile} from '../image-file.ts';
import {CorruptImage} from '../io-error.ts';
import {RawFile} from '../raw-file.ts';
import {type Storage, StorageError} from '../storage.ts';
import {VhdImage} from './image.ts';
import {
  FOOTER_BYTES,
  HEADER_LENGTH,
  isFooter,
  type ParentLocator,
  parseDynamicHeader,
  parseFooter,
  type VhdFooter,
  VhdFault,
  type VhdHeader,
} from './layout.ts';

const MAX_LOCATOR_BYTES = 4096;
/** Where the parent's name is looked for, best first: relative, of Xen's tools, absolute. */
const PLATFORMS = ['W2ru', 'MacX', 'W2ku'] as const;

export interface OpenVhd {
  /** Opens the parent, a VHD image, too. */
  openParent: (path: string) => Promise<Storage | StorageError>;
  onClose: (closed: Promise<void>) => void;
}

/** UUIDs of the images that are open, as their children name them. */
const uuids = new WeakMap<Storage, string>();

/** Opens what a file holds as a VHD image. The file stays the caller's if it does not. */
export const openVhd = async (file: ImageFile, {openParent, onClose}: OpenVhd): Promise<Storage | StorageError> => {
  try {
    const footer = await readFooter(file);
    const image =
      footer.type === 'fixed'
        ? fixedImage(file, footer, onClose)
        : await dynamicImage(file, footer, openParent, onClose);
    if (!(image instanceof StorageError)) uuids.set(image, footer.uuid);
    return image;
  } catch (error) {
    if (!(error instanceof VhdFault || error instanceof CorruptImage)) throw error;
    return new StorageError('bad-format', `${file.path}: ${error.message}`);
  }
};

/**
 * The footer is at the end, where no guest can write; a dynamic disk has a copy at the start, for a host that died while
 * it made the file longer.
 */
const readFooter = async (file: ImageFile): Promise<VhdFooter> => {
  const {sizeBytes} = file;
  if (sizeBytes < FOOTER_BYTES) throw new VhdFault(`truncated: ${sizeBytes} bytes are too few for a footer`);
  const tailAt = sizeBytes - FOOTER_BYTES;
  const tail = await file.readBytes(tailAt, FOOTER_BYTES);
  const head = await file.readBytes(0, FOOTER_BYTES);
  if (isFooter(tail) || !isFooter(head)) return parseFooter(tail, tailAt);
  const copy = parseFooter(head, 0);
  if (copy.type === 'fixed') throw new VhdFault('truncated: no footer at its end');
  return copy;
};

const fixedImage = (file: ImageFile, {sizeBytes}: VhdFooter, onClose: OpenVhd['onClose']): Storage => {
  if (sizeBytes > file.sizeBytes - FOOTER_BYTES) {
    throw new VhdFault(`truncated: a disk of ${sizeBytes} bytes and its footer, and the file has ${file.sizeBytes}`);
  }
  return new RawFile(file, {sizeBytes, onClose});
};

const dynamicImage = async (
  file: ImageFile,
  footer: VhdFooter,
  openParent: OpenVhd['openParent'],
  onClose: OpenVhd['onClose'],
): Promise<Storage | StorageError> => {
  const {headerOffset} = footer;
  if (!(headerOffset + HEADER_LENGTH <= file.sizeBytes)) {
    throw new VhdFault(`truncated: the header at ${headerOffset} is beyond the end of the file, ${file.sizeBytes}`);
  }
  const header = parseDynamicHeader(await file.readBytes(headerOffset, HEADER_LENGTH), footer, file.sizeBytes);
  const backing = footer.type === 'differencing' ? await parentOf(file, header, openParent) : undefined;
  if (backing instanceof StorageError) return backing;
  try {
    const image = new VhdImage({file, footer, header, backing, onClose});
    await image.open();
    return image;
  } catch (error) {
    backing?.close();
    throw error;
  }
};

const parentOf = async (
  file: ImageFile,
  header: VhdHeader,
  openParent: OpenVhd['openParent'],
): Promise<Storage | StorageError> => {
  const name = await parentName(file, header);
  const parent = await openParent(isAbsolute(name) ? name : resolve(dirname(file.path), name));
  if (parent instanceof StorageError) return parent;
  const uuid = uuids.get(parent);
  if (uuid === header.parentUuid) return parent;
  parent.close();
  throw new VhdFault(`its parent has the UUID ${uuid}, and should have ${header.parentUuid}`);
};

const parentName = async (file: ImageFile, {parentLocators, parentName: plain}: VhdHeader): Promise<string> => {
  for (const platform of PLATFORMS) {
    const locator = parentLocators.find((each) => each.platform === platform);
    if (locator !== undefined) return asPath(await readLocator(file, locator));
  }
  if (plain === '') throw new VhdFault('a differencing disk that does not name its parent');
  return asPath(plain);
};

const readLocator = async (file: ImageFile, {platform, offset, length}: ParentLocator): Promise<string> => {
  if (length > MAX_LOCATOR_BYTES || offset + length > file.sizeBytes) {
    throw new VhdFault(`the parent locator ${platform}, ${length} bytes at ${offset}, is not in the file`);
  }
  const bytes = await file.readBytes(offset, length);
  return bytes.toString(platform === 'MacX' ? 'utf8' : 'utf16le').replace(/\0.*$/s, '');
};

/** A file URL, or a path with the separators of Windows. */
const asPath = (name: string): string =>
  name
    .replace(/^file:\/\/(localhost)?/, '')
    .replaceAll('\\', '/')
    .replace(/^\.\//, '');
