import {readU16, readU32, writeU16} from './bytes.ts';
import type {IpAddress} from './ip.ts';
import {readIpv6} from './ipv6/address.ts';

/** Types of records. @see RFC 1035, 3.2.2; RFC 3596 */
export const DNS_A = 1;
export const DNS_AAAA = 28;

const HEADER_BYTES = 12;
const CLASS_IN = 1;
const RECURSION_DESIRED = 0x0100;
const IS_RESPONSE = 0x8000;
const RESPONSE_CODE = 0x000f;
const NAME_ERROR = 3;
const MAX_LABEL = 63;
const MAX_NAME = 253;
const MAX_RECORDS = 64;
/** Bytes of an address by the type of its record. */
const addressBytes: Readonly<Record<number, number>> = {[DNS_A]: 4, [DNS_AAAA]: 16};

/** Letters, digits, hyphens and dots that may be asked for. */
export const isHostName = (name: string): boolean =>
  name.length <= MAX_NAME && name.split('.').every((label) => label.length <= MAX_LABEL && /^[\w-]+$/.test(label));

/** A query for the addresses of a name. @see RFC 1035, 4.1 */
export const encodeQuery = (id: number, name: string, type: number): Uint8Array => {
  const labels = name.split('.').flatMap((label) => [label.length, ...new TextEncoder().encode(label)]);
  const query = new Uint8Array(HEADER_BYTES + labels.length + 5);
  writeU16(query, 0, id);
  writeU16(query, 2, RECURSION_DESIRED);
  writeU16(query, 4, 1);
  query.set(labels, HEADER_BYTES);
  writeU16(query, HEADER_BYTES + labels.length + 1, type);
  writeU16(query, HEADER_BYTES + labels.length + 3, CLASS_IN);
  return query;
};

/** The addresses in the response to that query, 'unknown' when there is no such name, undefined for no such response. */
export const decodeResponse = (response: Uint8Array, query: Uint8Array): IpAddress[] | 'unknown' | undefined => {
  if (response.length < query.length || readU16(response, 0) !== readU16(query, 0)) return undefined;
  const flags = readU16(response, 2);
  if ((flags & IS_RESPONSE) === 0) return undefined;
  // It repeats the question, in capitals or not.
  const question = (bytes: Uint8Array): string => String.fromCharCode(...bytes.subarray(HEADER_BYTES, query.length));
  if (question(response).toLowerCase() !== question(query).toLowerCase()) return undefined;
  if ((flags & RESPONSE_CODE) === NAME_ERROR) return 'unknown';
  const type = readU16(query, query.length - 4);
  return readAddresses(response, query.length, type);
};

const readAddresses = (response: Uint8Array, from: number, wanted: number): IpAddress[] => {
  const addresses: IpAddress[] = [];
  let at = from;
  for (let i = Math.min(readU16(response, 6), MAX_RECORDS); i > 0; i--) {
    at = skipName(response, at);
    const dataAt = at + 10;
    if (dataAt > response.length) break;
    const type = readU16(response, at);
    const length = readU16(response, at + 8);
    at = dataAt + length;
    if (at > response.length) break;
    if (type !== wanted || length !== addressBytes[type]) continue;
    addresses.push(type === DNS_A ? readU32(response, dataAt) : readIpv6(response, dataAt));
  }
  return addresses;
};

/** Behind a name: labels up to an empty one or a pointer. */
const skipName = (bytes: Uint8Array, from: number): number => {
  let at = from;
  while (at < bytes.length && bytes[at] !== 0 && bytes[at] <= MAX_LABEL) at += 1 + bytes[at];
  return at + (bytes[at] > MAX_LABEL ? 2 : 1);
};
