import {getBe16, internetChecksum, putBe16} from './inet.ts';
import {ETH_HLEN} from './frame-batch.ts';
import {ETH_ALEN} from './mac.ts';

const ARP_LEN = 28;
const IPV4_LEN = 20;
const ICMP_LEN = 8;
const TTL = 64;

/** Ethernet, IPv4 over Ethernet, request. @see RFC 826 */
const arpRequest = [0x08, 0x06, 0, 1, 0x08, 0x00, ETH_ALEN, 4, 0, 1];
const arpAt = {type: 12, operation: 20, senderMac: 22, senderIp: 28, targetMac: 32, targetIp: 38};
const ipAt = {version: 14, totalLength: 16, fragment: 20, ttl: 22, protocol: 23, checksum: 24, source: 26, target: 30};
const icmpAt = {type: 34, code: 35, checksum: 36};
const ICMP_ECHO = 8;
const ICMP_ECHOREPLY = 0;
const PROTOCOL_ICMP = 1;

/** The answer to a frame, when it is a question about `address`: an ARP request or an ICMP echo request. */
export const replyTo = (frame: Uint8Array, mac: Uint8Array, address: Uint8Array): Uint8Array | undefined =>
  arpReply(frame, mac, address) ?? echoReply(frame, mac, address);

/** The answer to an ARP request for `address`. */
export const arpReply = (frame: Uint8Array, mac: Uint8Array, address: Uint8Array): Uint8Array | undefined => {
  if (frame.length < ETH_HLEN + ARP_LEN || !matches(frame, arpAt.type, arpRequest)) return undefined;
  if (!matches(frame, arpAt.targetIp, address)) return undefined;
  const reply = frame.slice(0, ETH_HLEN + ARP_LEN);
  reply.set(frame.subarray(arpAt.senderMac, arpAt.senderMac + ETH_ALEN), 0);
  reply.set(mac, ETH_ALEN);
  putBe16(reply, arpAt.operation, 2);
  reply.set(frame.subarray(arpAt.senderMac, arpAt.targetMac), arpAt.targetMac);
  reply.set(mac, arpAt.senderMac);
  reply.set(address, arpAt.senderIp);
  return reply;
};

/** @see RFC 792, "Echo or Echo Reply Message" */
const echoReply = (frame: Uint8Array, mac: Uint8Array, address: Uint8Array): Uint8Array | undefined => {
  const length = echoRequestLength(frame, address);
  if (length === undefined) return undefined;
  const reply = frame.slice(0, ETH_HLEN + length);
  reply.set(frame.subarray(ETH_ALEN, 2 * ETH_ALEN), 0);
  reply.set(mac, ETH_ALEN);
  reply.set(frame.subarray(ipAt.source, ipAt.target), ipAt.target);
  reply.set(address, ipAt.source);
  reply[ipAt.ttl] = TTL;
  putBe16(reply, ipAt.checksum, 0);
  putBe16(reply, ipAt.checksum, internetChecksum(reply, ETH_HLEN, IPV4_LEN));
  reply[icmpAt.type] = ICMP_ECHOREPLY;
  putBe16(reply, icmpAt.checksum, 0);
  putBe16(reply, icmpAt.checksum, internetChecksum(reply, ETH_HLEN + IPV4_LEN, length - IPV4_LEN));
  return reply;
};

/** Bytes of the IPv4 packet when the frame holds a whole, sound echo request to the address. */
const echoRequestLength = (frame: Uint8Array, address: Uint8Array): number | undefined => {
  if (frame.length < ETH_HLEN + IPV4_LEN + ICMP_LEN || !matches(frame, 12, [0x08, 0x00, 0x45])) return undefined;
  const length = getBe16(frame, ipAt.totalLength);
  if (length < IPV4_LEN + ICMP_LEN || ETH_HLEN + length > frame.length) return undefined;
  const isFragment = (frame[ipAt.fragment] & 0x3f) !== 0 || frame[ipAt.fragment + 1] !== 0;
  if (isFragment || frame[ipAt.protocol] !== PROTOCOL_ICMP || !matches(frame, ipAt.target, address)) return undefined;
  if (frame[icmpAt.type] !== ICMP_ECHO || frame[icmpAt.code] !== 0) return undefined;
  const isSound =
    internetChecksum(frame, ETH_HLEN, IPV4_LEN) === 0 &&
    internetChecksum(frame, ETH_HLEN + IPV4_LEN, length - IPV4_LEN) === 0;
  return isSound ? length : undefined;
};

const matches = (frame: Uint8Array, at: number, bytes: ArrayLike<number>): boolean => {
  for (let i = 0; i < bytes.length; i++) if (frame[at + i] !== bytes[i]) return false;
  return true;
};
