import {getBe16, getBe32, putBe16, putBe32} from '../inet.ts';
import {ETH_ALEN} from '../mac.ts';
import {bytesOf} from '../router/subnet.ts';

/** @see RFC 2131, "The format of a DHCP message" */
const at = {op: 0, htype: 1, hlen: 2, xid: 4, flags: 10, ciaddr: 12, yiaddr: 16, siaddr: 20, giaddr: 24, chaddr: 28};
const COOKIE_AT = 236;
const OPTIONS_AT = 240;
const COOKIE = 0x63825363;
const HTYPE_ETHERNET = 1;
/** Relays of old throw away what is shorter. @see RFC 1542, 2.1 */
const MIN_BYTES = 300;
const OPTION_PAD = 0;
const OPTION_END = 255;

export const BOOTREQUEST = 1;
export const BOOTREPLY = 2;
export const SERVER_PORT = 67;
export const CLIENT_PORT = 68;

/** Option 53. */
export const DhcpType = {discover: 1, offer: 2, request: 3, decline: 4, ack: 5, nak: 6, release: 7, inform: 8} as const;

/** @see RFC 2132 */
export const DhcpOption = {
  subnetMask: 1,
  routers: 3,
  dnsServers: 6,
  hostName: 12,
  domainName: 15,
  broadcast: 28,
  requestedAddress: 50,
  leaseTime: 51,
  type: 53,
  serverId: 54,
  parameterList: 55,
  renewalTime: 58,
  rebindingTime: 59,
} as const;

export interface DhcpMessage {
  op: number;
  xid: number;
  flags: number;
  ciaddr: number;
  yiaddr: number;
  giaddr: number;
  /** MAC address of the client. */
  chaddr: Uint8Array;
  options: ReadonlyMap<number, Uint8Array>;
}

/** Undefined when it is no DHCP message of an Ethernet client. */
export const decodeDhcp = (data: Uint8Array): DhcpMessage | undefined => {
  if (data.length < OPTIONS_AT || getBe32(data, COOKIE_AT) !== COOKIE) return undefined;
  if (data[at.htype] !== HTYPE_ETHERNET || data[at.hlen] !== ETH_ALEN) return undefined;
  const options = decodeOptions(data);
  if (options?.get(DhcpOption.type)?.length !== 1) return undefined;
  return {
    op: data[at.op],
    xid: getBe32(data, at.xid),
    flags: getBe16(data, at.flags),
    ciaddr: getBe32(data, at.ciaddr),
    yiaddr: getBe32(data, at.yiaddr),
    giaddr: getBe32(data, at.giaddr),
    chaddr: data.slice(at.chaddr, at.chaddr + ETH_ALEN),
    options,
  };
};

const decodeOptions = (data: Uint8Array): Map<number, Uint8Array> | undefined => {
  const options = new Map<number, Uint8Array>();
  for (let next = OPTIONS_AT; next < data.length && data[next] !== OPTION_END;) {
    const code = data[next++];
    if (code === OPTION_PAD) continue;
    const end = next + 1 + data[next];
    if (!(end <= data.length)) return undefined;
    options.set(code, data.slice(next + 1, end));
    next = end;
  }
  return options;
};

export const encodeDhcp = (message: DhcpMessage): Uint8Array => {
  const options = [...message.options].flatMap(([code, value]) => [code, value.length, ...value]);
  const data = new Uint8Array(Math.max(MIN_BYTES, OPTIONS_AT + options.length + 1));
  data[at.op] = message.op;
  data[at.htype] = HTYPE_ETHERNET;
  data[at.hlen] = ETH_ALEN;
  putBe32(data, at.xid, message.xid);
  putBe16(data, at.flags, message.flags);
  putBe32(data, at.ciaddr, message.ciaddr);
  putBe32(data, at.yiaddr, message.yiaddr);
  putBe32(data, at.giaddr, message.giaddr);
  data.set(message.chaddr, at.chaddr);
  putBe32(data, COOKIE_AT, COOKIE);
  data.set([...options, OPTION_END], OPTIONS_AT);
  return data;
};

export const dhcpType = ({options}: DhcpMessage): number => options.get(DhcpOption.type)?.[0] ?? 0;

/** An option of one address, or the first of several; undefined without one. */
export const addressOption = ({options}: DhcpMessage, code: number): number | undefined => {
  const value = options.get(code);
  return value === undefined || value.length < 4 ? undefined : getBe32(value, 0);
};

/** The value of an option that is an address, or a number of 32 bits. */
export const u32Option = bytesOf;
