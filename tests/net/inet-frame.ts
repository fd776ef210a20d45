/** Frames of TCP and UDP over IPv4 and IPv6, written and checked by hand. */

const ETH = 14;

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

const sum = (bytes: Uint8Array, start = 0): number => {
  let total = start;
  for (let i = 0; i < bytes.length; i++) total += i % 2 === 0 ? bytes[i] << 8 : bytes[i];
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 0x10000);
  return total;
};

export interface FrameSpec {
  to: Uint8Array;
  from: Uint8Array;
  ipv6: boolean;
  udp?: boolean;
  payload: number;
  /** Ports of one flow. */
  port?: number;
}

/** Where the parts of such a frame begin. */
export const layout = ({ipv6, udp = false}: Pick<FrameSpec, 'ipv6' | 'udp'>) => {
  const transport = ETH + (ipv6 ? 40 : 20);
  return {transport, data: transport + (udp ? 8 : 20), checksum: transport + (udp ? 6 : 16)};
};

/** A packet whose checksum's field holds nothing of use. */
export const inetFrame = (spec: FrameSpec): Uint8Array => {
  const {to, from, ipv6, udp = false, payload, port = 4000} = spec;
  const {transport, data} = layout(spec);
  const frame = new Uint8Array(data + payload);
  const words = view(frame);
  frame.set(to);
  frame.set(from, 6);
  words.setUint16(12, ipv6 ? 0x86dd : 0x0800);
  const length = data - transport + payload;
  const protocol = udp ? 17 : 6;
  if (ipv6) {
    frame.set([0x60, 0, 0, 0, 0, 0, protocol, 64], ETH);
    words.setUint16(ETH + 4, length);
    frame.set([0xfe, 0x80], ETH + 8);
    frame.set([0xfe, 0x80], ETH + 24);
    frame[ETH + 23] = 1;
    frame[ETH + 39] = 2;
  } else {
    frame.set([0x45, 0, 0, 0, 0, 7, 0x40, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2], ETH);
    words.setUint16(ETH + 2, 20 + length);
    words.setUint16(ETH + 10, ~sum(frame.subarray(ETH, ETH + 20)) & 0xffff);
  }
  words.setUint16(transport, port);
  words.setUint16(transport + 2, 80);
  if (udp) words.setUint16(transport + 4, length);
  else frame.set([0x50, 0x10], transport + 12);
  for (let i = 0; i < payload; i++) frame[data + i] = (i * 31 + (i >> 8)) & 0xff;
  words.setUint16(udp ? transport + 6 : transport + 16, 0x5eed);
  return frame;
};

/** Whether the checksum of the transport, and that of an IPv4 header, are right. */
export const isComplete = (frame: Uint8Array): boolean => {
  const words = view(frame);
  const ipv6 = words.getUint16(12) === 0x86dd;
  const {transport} = layout({ipv6});
  const end = ETH + (ipv6 ? 40 + words.getUint16(ETH + 4) : words.getUint16(ETH + 2));
  const addresses = ipv6 ? frame.subarray(ETH + 8, ETH + 40) : frame.subarray(ETH + 12, ETH + 20);
  const protocol = frame[ETH + (ipv6 ? 6 : 9)];
  const isHeaderRight = ipv6 || sum(frame.subarray(ETH, ETH + 20)) === 0xffff;
  return isHeaderRight && sum(frame.subarray(transport, end), sum(addresses, protocol + end - transport)) === 0xffff;
};
