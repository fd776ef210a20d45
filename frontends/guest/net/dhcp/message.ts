import type {Ipv4} from '../address.ts';
import {readU32, writeU16, writeU32} from '../bytes.ts';
import {MAC_BYTES} from '../ethernet.ts';

export const DHCP_SERVER_PORT = 67;
export const DHCP_CLIENT_PORT = 68;

/** @see RFC 2132, 9.6 */
export const DHCPDISCOVER = 1;
export const DHCPOFFER = 2;
export const DHCPREQUEST = 3;
export const DHCPACK = 5;
export const DHCPNAK = 6;
export const DHCPRELEASE = 7;

const BOOTREQUEST = 1;
const BOOTREPLY = 2;
const HARDWARE_ETHERNET = 1;
/** Answers are to be broadcast: we have no address that they could be sent to. */
const FLAG_BROADCAST = 0x8000;
const MAGIC_COOKIE = 0x63825363;
const at = {xid: 4, flags: 10, ciaddr: 12, yiaddr: 16, chaddr: 28, cookie: 236, options: 240};
/** Some servers drop what is shorter. @see RFC 1542, 2.1 */
const MIN_BYTES = 300;

const OPTION_PAD = 0;
const OPTION_SUBNET_MASK = 1;
const OPTION_ROUTER = 3;
const OPTION_NAME_SERVER = 6;
const OPTION_HOST_NAME = 12;
const OPTION_REQUESTED_ADDRESS = 50;
const OPTION_LEASE_TIME = 51;
const OPTION_MESSAGE_TYPE = 53;
const OPTION_SERVER_ID = 54;
const OPTION_PARAMETERS = 55;
const OPTION_RENEWAL_TIME = 58;
const OPTION_REBINDING_TIME = 59;
const OPTION_CLIENT_ID = 61;
const OPTION_END = 255;

export interface DhcpRequest {
  type: number;
  xid: number;
  mac: Uint8Array;
  hostname: string;
  /** Our address, where we have one. */
  ciaddr?: Ipv4;
  requested?: Ipv4;
  server?: Ipv4;
}

/** A message of ours. @see RFC 2131, 2, 4.4.1 */
export const encodeDhcp = (request: DhcpRequest): Uint8Array => {
  const {type, xid, mac, hostname, ciaddr = 0, requested, server} = request;
  const options = [
    option(OPTION_MESSAGE_TYPE, [type]),
    option(OPTION_CLIENT_ID, [HARDWARE_ETHERNET, ...mac]),
    option(OPTION_HOST_NAME, [...new TextEncoder().encode(hostname)]),
    requested === undefined ? [] : option(OPTION_REQUESTED_ADDRESS, u32(requested)),
    server === undefined ? [] : option(OPTION_SERVER_ID, u32(server)),
    type === DHCPRELEASE ? [] : option(OPTION_PARAMETERS, [OPTION_SUBNET_MASK, OPTION_ROUTER, OPTION_NAME_SERVER]),
    [OPTION_END],
  ].flat();
  const message = new Uint8Array(Math.max(MIN_BYTES, at.options + options.length));
  message.set([BOOTREQUEST, HARDWARE_ETHERNET, MAC_BYTES], 0);
  writeU32(message, at.xid, xid);
  writeU16(message, at.flags, ciaddr === 0 ? FLAG_BROADCAST : 0);
  writeU32(message, at.ciaddr, ciaddr);
  message.set(mac, at.chaddr);
  writeU32(message, at.cookie, MAGIC_COOKIE);
  message.set(options, at.options);
  return message;
};

const u32 = (value: number): number[] => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
const option = (code: number, bytes: readonly number[]): number[] =>
  bytes.length === 0 ? [] : [code, Math.min(bytes.length, 255), ...bytes.slice(0, 255)];

/** A server's answer. Times in seconds; undefined: not said. */
export interface DhcpAnswer {
  type: number;
  xid: number;
  address: Ipv4;
  mask: Ipv4 | undefined;
  server: Ipv4 | undefined;
  router: Ipv4 | undefined;
  nameServers: Ipv4[];
  leaseSeconds: number | undefined;
  renewalSeconds: number | undefined;
  rebindingSeconds: number | undefined;
}

/** Undefined for what is no answer to `mac`, or is cut short. */
export const decodeDhcp = (message: Uint8Array, mac: Uint8Array): DhcpAnswer | undefined => {
  const isAnswer =
    message.length >= at.options && message[0] === BOOTREPLY && readU32(message, at.cookie) === MAGIC_COOKIE;
  if (!isAnswer || mac.some((byte, i) => message[at.chaddr + i] !== byte)) return undefined;
  const options = readOptions(message);
  const number = (code: number): number | undefined => {
    const bytes = options.get(code);
    return bytes === undefined || bytes.length < 4 ? undefined : readU32(bytes, 0);
  };
  const servers = options.get(OPTION_NAME_SERVER) ?? new Uint8Array(0);
  return {
    type: options.get(OPTION_MESSAGE_TYPE)?.at(0) ?? 0,
    xid: readU32(message, at.xid),
    address: readU32(message, at.yiaddr),
    mask: number(OPTION_SUBNET_MASK),
    server: number(OPTION_SERVER_ID),
    router: number(OPTION_ROUTER),
    nameServers: Array.from({length: Math.floor(servers.length / 4)}, (_, i) => readU32(servers, i * 4)),
    leaseSeconds: number(OPTION_LEASE_TIME),
    renewalSeconds: number(OPTION_RENEWAL_TIME),
    rebindingSeconds: number(OPTION_REBINDING_TIME),
  };
};

/** Of several options with one code the first counts. @see RFC 2131, 4.1 */
const readOptions = (message: Uint8Array): Map<number, Uint8Array> => {
  const options = new Map<number, Uint8Array>();
  for (let i = at.options; i + 1 < message.length && message[i] !== OPTION_END;) {
    if (message[i] === OPTION_PAD) {
      i++;
      continue;
    }
    const end = i + 2 + message[i + 1];
    if (end <= message.length && !options.has(message[i])) options.set(message[i], message.subarray(i + 2, end));
    i = end;
  }
  return options;
};
