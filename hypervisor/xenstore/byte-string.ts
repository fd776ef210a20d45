/**
 * A string that holds one byte a character (0x00..0xff), the store's own form of every path, value and payload: V8 keeps it in
 * 16 bytes plus one a byte, where a Uint8Array costs about 200 bytes, and a Map can be keyed by it.
 */
export type ByteString = string;

/** Few enough arguments for Function.apply on every engine's stack. */
const CHUNK = 2048;

/** Node's own kind of Uint8Array, whose conversions are several times as fast; no browser has it. */
const NodeBuffer: typeof Buffer | undefined = globalThis.Buffer;
/** For fewer bytes the call costs more than it saves. */
const NATIVE_COPY_MIN = 32;

/** Bytes that these functions are quick about. */
export const newBytes = (size: number): Uint8Array => NodeBuffer?.alloc(size) ?? new Uint8Array(size);

/** Bytes [start, end) as a byte string. */
export function bytesToString(bytes: Uint8Array, start = 0, end = bytes.length): ByteString {
  if (NodeBuffer !== undefined && bytes instanceof NodeBuffer) return bytes.toString('latin1', start, end);
  if (end - start <= CHUNK) return String.fromCharCode.apply(null, bytes.subarray(start, end) as unknown as number[]);
  let text = '';
  for (let at = start; at < end; at += CHUNK) text += bytesToString(bytes, at, Math.min(end, at + CHUNK));
  return text;
}

/** Copies a byte string to `target` at `offset`. */
export function copyString(text: ByteString, target: Uint8Array, offset: number): void {
  if (text.length >= NATIVE_COPY_MIN && NodeBuffer !== undefined && target instanceof NodeBuffer) {
    target.write(text, offset, 'latin1');
    return;
  }
  for (let i = 0; i < text.length; i++) target[offset + i] = text.charCodeAt(i);
}

/** Copies bytes [start, end) to `target` at `offset`. */
export function copyBytes(bytes: Uint8Array, start: number, end: number, target: Uint8Array, offset: number): void {
  if (end - start >= NATIVE_COPY_MIN) target.set(bytes.subarray(start, end), offset);
  else for (let i = start; i < end; i++) target[offset + i - start] = bytes[i];
}

export function stringToBytes(text: ByteString): Uint8Array {
  const bytes = new Uint8Array(text.length);
  copyString(text, bytes, 0);
  return bytes;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
// oxlint-disable-next-line no-control-regex
const NOT_ASCII = /[^\x00-\x7f]/;

/** UTF-8 text to its bytes; the string itself when it is ASCII. */
export function encodeText(text: string): ByteString {
  return NOT_ASCII.test(text) ? bytesToString(encoder.encode(text)) : text;
}

/** The reverse of {@link encodeText}; bytes that are no UTF-8 become U+FFFD. */
export function decodeText(text: ByteString): string {
  return NOT_ASCII.test(text) ? decoder.decode(stringToBytes(text)) : text;
}
