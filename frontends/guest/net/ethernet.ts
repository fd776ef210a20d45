import {readU16, writeU16} from './bytes.ts';

/** Destination, source, type. */
export const ETHERNET_HEADER_BYTES = 14;
export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;
export const ETHERTYPE_IPV6 = 0x86dd;

export const MAC_BYTES = 6;
export const BROADCAST_MAC: Uint8Array = Uint8Array.from([255, 255, 255, 255, 255, 255]);

const SOURCE_AT = 6;
const TYPE_AT = 12;

export const writeEthernetHeader = (frame: Uint8Array, to: Uint8Array, from: Uint8Array, type: number): void => {
  frame.set(to, 0);
  frame.set(from, SOURCE_AT);
  writeU16(frame, TYPE_AT, type);
};

export const setDestination = (frame: Uint8Array, to: Uint8Array): void => frame.set(to, 0);

export const etherType = (frame: Uint8Array): number => readU16(frame, TYPE_AT);

/** Group bit of the first byte: multicast and broadcast. */
export const isGroupMac = (bytes: Uint8Array, at = 0): boolean => (bytes[at] & 1) !== 0;

export const isSameMac = (a: Uint8Array, aAt: number, b: Uint8Array, bAt: number): boolean => {
  for (let i = 0; i < MAC_BYTES; i++) if (a[aAt + i] !== b[bAt + i]) return false;
  return true;
};

export const isBroadcast = (frame: Uint8Array): boolean => isSameMac(frame, 0, BROADCAST_MAC, 0);

/** IPv6's groups are 33:33 and the last four bytes of the address. */
export const isMulticast6Mac = (frame: Uint8Array): boolean => frame[0] === 0x33 && frame[1] === 0x33;
