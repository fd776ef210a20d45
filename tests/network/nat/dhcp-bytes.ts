import {ip, ipv4, transport} from '../station.ts';

/** Options as bytes: code, then the value. */
export type Options = readonly (readonly [code: number, value: readonly number[]])[];

export interface DhcpFields {
  type: number;
  ciaddr?: string;
  options?: Options;
  flags?: number;
  xid?: number;
}

/** A client's message as it goes on the wire, written after RFC 2131's figure 1. */
export const dhcpRequest = (
  mac: readonly number[],
  {type, ciaddr = '0.0.0.0', options = [], flags = 0, xid = 7}: DhcpFields,
): number[] => {
  const message = [
    1,
    1,
    6,
    0,
    0,
    0,
    0,
    xid,
    0,
    0,
    flags >> 8,
    flags & 0xff,
    ...ip(ciaddr),
    ...new Array<number>(12).fill(0),
    ...mac,
    ...new Array<number>(10 + 64 + 128).fill(0),
    99,
    130,
    83,
    99,
    53,
    1,
    type,
    ...options.flatMap(([code, value]) => [code, value.length, ...value]),
    255,
  ];
  const ends = {source: ciaddr, target: '255.255.255.255'};
  return ipv4({...ends, protocol: 17, payload: transport(17, ends, [68, 67], message)});
};

export interface DhcpReply {
  target: string;
  type: number;
  yiaddr: string;
  options: Map<number, number[]>;
}

/** What a server's packet says. */
export const readReply = (packet: readonly number[]): DhcpReply => {
  const message = packet.slice(28);
  const options = new Map<number, number[]>();
  for (let at = 240; message[at] !== 255; at += 2 + message[at + 1]) {
    options.set(message[at], message.slice(at + 2, at + 2 + message[at + 1]));
  }
  const [type] = options.get(53) ?? [0];
  return {target: packet.slice(16, 20).join('.'), type, yiaddr: message.slice(16, 20).join('.'), options};
};
