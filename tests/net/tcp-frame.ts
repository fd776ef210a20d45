/** Frames of TCP over IPv4, written and checked by hand. */

const ME = [2, 0, 0, 0, 0, 9];
const ETH = 14;
const IP = 20;
const TCP = 20;
export const HEADERS = ETH + IP + TCP;
export const FIN = 1;
export const PSH = 8;
export const ACK = 0x10;
export const CWR = 0x80;

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

/** The one's complement sum over bytes and what else there is, folded. */
const sum = (bytes: Uint8Array, start = 0): number => {
  let total = start;
  for (let i = 0; i < bytes.length; i++) total += i % 2 === 0 ? bytes[i] << 8 : bytes[i];
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 0x10000);
  return total;
};

const pseudoSum = (frame: Uint8Array): number =>
  sum(frame.subarray(ETH + 12, ETH + IP), 6 + view(frame).getUint16(ETH + 2) - IP);

/** A frame to everybody with `payload` bytes; its checksum is that of the pseudo header, as a sender with offload has it. */
export const tcpFrame = (payload: number, {sequence = 1000, flags = ACK, id = 7} = {}): Uint8Array => {
  const frame = new Uint8Array(HEADERS + payload);
  const words = view(frame);
  frame.fill(0xff, 0, 6);
  frame.set(ME, 6);
  words.setUint16(12, 0x0800);
  frame.set([0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2], ETH);
  words.setUint16(ETH + 2, IP + TCP + payload);
  words.setUint16(ETH + 4, id);
  words.setUint16(ETH + 10, ~sum(frame.subarray(ETH, ETH + IP)) & 0xffff);
  words.setUint32(ETH + IP, (80 << 16) | 4000);
  words.setUint32(ETH + IP + 4, sequence);
  frame[ETH + IP + 12] = 0x50;
  frame[ETH + IP + 13] = flags;
  for (let i = 0; i < payload; i++) frame[HEADERS + i] = (i * 31 + (i >> 8)) & 0xff;
  words.setUint16(ETH + IP + 16, pseudoSum(frame));
  return frame;
};

/** What a receiver reads in a frame, and whether both checksums are right. */
export const readTcp = (frame: Uint8Array) => {
  const words = view(frame);
  const end = ETH + words.getUint16(ETH + 2);
  return {
    id: words.getUint16(ETH + 4),
    sequence: words.getUint32(ETH + IP + 4),
    flags: frame[ETH + IP + 13],
    payload: frame.slice(HEADERS, end),
    isRight:
      end === frame.length &&
      sum(frame.subarray(ETH, ETH + IP)) === 0xffff &&
      sum(frame.subarray(ETH + IP, end), pseudoSum(frame)) === 0xffff,
  };
};
