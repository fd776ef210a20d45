import {frameFromGuest, frameToGuest} from './frames.ts';

const ETH = 14;

/** Addresses as bytes, and ports. */
export interface FlowEnds {
  readonly from: readonly number[];
  readonly to: readonly number[];
  readonly fromPort: number;
  readonly toPort: number;
}

export interface FlowFrameOptions extends FlowEnds {
  readonly transport?: 'tcp' | 'udp';
  readonly toGuest?: boolean;
  readonly payloadBytes?: number;
}

/** A frame of a flow, over the IP version that the addresses are of. Checksums are none. @see RFC 791, RFC 8200 */
export const flowFrame = (options: FlowFrameOptions): Uint8Array => {
  const {from, to, fromPort, toPort, transport = 'tcp', toGuest = true, payloadBytes = 20} = options;
  const isIpv6 = from.length === 16;
  const ipBytes = isIpv6 ? 40 : 20;
  const headerBytes = transport === 'tcp' ? 20 : 8;
  const bytes = (toGuest ? frameToGuest : frameFromGuest)(ETH + ipBytes + headerBytes + payloadBytes);
  const view = new DataView(bytes.buffer);
  const protocol = transport === 'tcp' ? 6 : 17;
  const length = headerBytes + payloadBytes;
  const header = isIpv6
    ? [0x60, 0, 0, 0, 0, length, protocol, 64]
    : [0x45, 0, 0, 20 + length, 0, 1, 0x40, 0, 64, protocol, 0, 0];
  bytes.set([...(isIpv6 ? [0x86, 0xdd] : [8, 0]), ...header, ...from, ...to], ETH - 2);
  const at = ETH + ipBytes;
  view.setUint16(at, fromPort);
  view.setUint16(at + 2, toPort);
  if (transport === 'tcp') bytes[at + 12] = 0x50;
  return bytes;
};

const ipv6 = (text: string): number[] => {
  const [head, tail] = text.split('::').map((part) => part.split(':'));
  const words = [...head, ...new Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  return words.flatMap((word) => [Number.parseInt(word, 16) >>> 8, Number.parseInt(word, 16) & 0xff]);
};

/** A known result: of the addresses alone, and with the ports. */
export interface HashVector extends FlowEnds {
  readonly addressHash: number;
  readonly portHash: number;
}

const KEY = '6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa';

/** @see Microsoft, "Verifying the RSS Hash Calculation" */
export const RSS_KEY = Uint8Array.from(KEY.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));

export const hashVectors: readonly HashVector[] = [
  {
    from: [66, 9, 149, 187],
    to: [161, 142, 100, 80],
    fromPort: 2794,
    toPort: 1766,
    addressHash: 0x323e8fc2,
    portHash: 0x51ccc178,
  },
  {
    from: [199, 92, 111, 2],
    to: [65, 69, 140, 83],
    fromPort: 14230,
    toPort: 4739,
    addressHash: 0xd718262a,
    portHash: 0xc626b0ea,
  },
  {
    from: ipv6('3ffe:2501:200:1fff::7'),
    to: ipv6('3ffe:2501:200:3::1'),
    fromPort: 2794,
    toPort: 1766,
    addressHash: 0x2cc18cd5,
    portHash: 0x40207d3d,
  },
  {
    from: ipv6('3ffe:501:8::260:97ff:fe40:efab'),
    to: ipv6('ff02::1'),
    fromPort: 14230,
    toPort: 4739,
    addressHash: 0x0f0c461c,
    portHash: 0xdde51bbf,
  },
];
