import {findTransport, getBe16, internetChecksum, IPPROTO_UDP, isChecksumRight} from '../../network/index.ts';

const ETH_HLEN = 14;
const VLAN_LEN = 4;
const TYPE_VLAN = 0x8100;
const TYPE_IPV4 = 0x0800;
const IPV4_HLEN = 20;

/** What hardware can say of a frame's checksums; `none` where there is nothing to check. */
export interface ReceivedChecksums {
  readonly ip: Verdict;
  readonly transport: Verdict;
  /** IPPROTO_TCP or IPPROTO_UDP; 0 for others, for fragments and for packets that are not whole. */
  readonly protocol: number;
}

export type Verdict = 'good' | 'bad' | 'none';

const verdict = (isGood: boolean): Verdict => (isGood ? 'good' : 'bad');

/** Checks a frame's IPv4 header, and its TCP or UDP over IPv4 or IPv6. */
export const receivedChecksums = (frame: Uint8Array): ReceivedChecksums => {
  const ip = ipv4Verdict(frame);
  const transport = findTransport(frame, 0, frame.length);
  if (transport === undefined) return {ip, transport: 'none', protocol: 0};
  const {protocol, checksum} = transport;
  const isUnused = protocol === IPPROTO_UDP && getBe16(frame, checksum) === 0;
  return {ip, protocol, transport: isUnused ? 'none' : verdict(isChecksumRight(frame, transport))};
};

const ipv4Verdict = (frame: Uint8Array): Verdict => {
  const at = ETH_HLEN + (getBe16(frame, ETH_HLEN - 2) === TYPE_VLAN ? VLAN_LEN : 0);
  const isIpv4 = getBe16(frame, at - 2) === TYPE_IPV4 && frame[at] >>> 4 === 4;
  const headerBytes = (frame[at] & 0xf) * 4;
  if (!isIpv4 || headerBytes < IPV4_HLEN || at + headerBytes > frame.length) return 'none';
  return verdict(internetChecksum(frame, at, headerBytes) === 0);
};
