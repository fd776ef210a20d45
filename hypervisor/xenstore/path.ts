import type {ByteString} from './byte-string.ts';

const DOMAIN_PREFIX = /^\/local\/domain\/(?:-\d{1,4}|\d{1,5})\//;
const VALID = /^\/(?:[-\w@]+(?:\/[-\w@]+)*)?$/;

/**
 * `/`, or names of `A-Za-z0-9-_@`, each behind one slash. @see docs/misc/xenstore.txt, "permitted path characters"
 */
export const isValidPath = (path: ByteString): boolean => VALID.test(path);

/** `maxBytes` does not count a `/local/domain/<n>/` that the path starts with. The limit is on what is asked for, not on parents. */
export const isTooLong = (path: ByteString, maxBytes: number): boolean =>
  path.length > maxBytes && path.length > maxBytes + (DOMAIN_PREFIX.exec(path)?.[0].length ?? 0);

export const isSpecialPath = (path: ByteString): boolean => path.startsWith('@');

/** The parent of `/` is `/`. */
export function parentOf(path: ByteString): ByteString {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}

export const nameOf = (path: ByteString): ByteString => path.slice(path.lastIndexOf('/') + 1);

export const childPath = (parent: ByteString, name: ByteString): ByteString =>
  parent === '/' ? `/${name}` : `${parent}/${name}`;

/** The directory that a domain's relative paths start from. */
export const domainPath = (domId: number): ByteString => `/local/domain/${domId}`;
