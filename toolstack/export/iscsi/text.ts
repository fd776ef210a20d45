/** Keys and values of login and text requests. @see RFC 7143, section 6.1 */
export type TextKeys = ReadonlyMap<string, string>;

/** Longest text that is taken together. */
export const MAX_TEXT_BYTES = 65536;

/** Undefined when it is not made of key=value, each ended by a NUL. */
export const parseText = (data: Buffer): TextKeys | undefined => {
  const keys = new Map<string, string>();
  for (const pair of data.toString('latin1').split('\0')) {
    if (pair === '') continue;
    const at = pair.indexOf('=');
    if (at <= 0) return undefined;
    keys.set(pair.slice(0, at), pair.slice(at + 1));
  }
  return keys;
};

export const formatText = (pairs: Iterable<readonly [string, string]>): Buffer =>
  Buffer.from(Array.from(pairs, ([key, value]) => `${key}=${value}\0`).join(''), 'latin1');
