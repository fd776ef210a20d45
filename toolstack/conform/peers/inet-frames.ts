import {frameFromGuest, frameToGuest} from './frames.ts';

const ETH = 14;
const IP = 20;
/** Bytes of a header, and where its checksum stands in it. */
const transports = {tcp: {protocol: 6, header: 20, checksum: 16}, udp: {protocol: 17, header: 8, checksum: 6}} as const;

export interface InetFrame {
  readonly bytes: Uint8Array;
  /** Where the transport's checksum stands, in bytes. */
  readonly checksumAt: number;
  /** What it is when it is complete. */
  readonly full: number;
  /** What it is when the rest is left to others: the sum of the pseudo header. */
  readonly pseudo: number;
}

export interface InetFrameOptions {
  readonly transport?: keyof typeof transports;
  /** Which way; from the guest by default. */
  readonly toGuest?: boolean;
  /** The checksum holds the pseudo header only. */
  readonly isBlank?: boolean;
  readonly payloadBytes?: number;
}

/** A frame of TCP or UDP over IPv4, made by hand. @see RFC 791, RFC 9293 */
export const inetFrame = (options: InetFrameOptions = {}): InetFrame => {
  const {transport = 'tcp', toGuest = false, isBlank = false, payloadBytes = 100} = options;
  const {protocol, header, checksum} = transports[transport];
  const bytes = (toGuest ? frameToGuest : frameFromGuest)(ETH + IP + header + payloadBytes, 5);
  const view = new DataView(bytes.buffer);
  const ip = [0x45, 0, 0, 0, 0, 1, 0x40, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
  bytes.set([8, 0, ...ip], ETH - 2);
  view.setUint16(ETH + 2, IP + header + payloadBytes);
  view.setUint16(ETH + 10, ~fold(sumOf(bytes, ETH, IP)) & 0xffff);
  const start = ETH + IP;
  bytes.fill(0, start, start + header);
  if (transport === 'tcp') bytes.set([0x50, 0x18], start + 12);
  else view.setUint16(start + 4, header + payloadBytes);
  const pseudo = fold(sumOf(bytes, ETH + 12, 8) + protocol + header + payloadBytes);
  const full = ~fold(pseudo + sumOf(bytes, start, header + payloadBytes)) & 0xffff;
  view.setUint16(start + checksum, isBlank ? pseudo : full);
  return {bytes, checksumAt: start + checksum, full, pseudo};
};

export const checksumIn = (bytes: Uint8Array, at: number): number => (bytes[at] << 8) | bytes[at + 1];

const sumOf = (bytes: Uint8Array, at: number, length: number): number => {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += bytes[at + i] << (i % 2 === 0 ? 8 : 0);
  return sum;
};

const fold = (sum: number): number => {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return folded;
};
