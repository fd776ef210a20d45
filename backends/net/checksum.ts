import {foldSum, getBe16, putBe16, sumWords} from '../network/inet.ts';

const ETH_TYPE = 12;
const ETH_HLEN = 14;
const VLAN_LEN = 4;
const TYPE_VLAN = 0x8100;
const TYPE_IPV4 = 0x0800;
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;

/** Where a transport keeps its checksum, from its own header on. */
const checksumAt: Readonly<Record<number, number>> = {[IPPROTO_TCP]: 16, [IPPROTO_UDP]: 6};

/**
 * Completes the checksum of an IPv4 packet of TCP or UDP that the guest left blank: the field holds the sum of the
 * pseudo header, everything from the transport's header on is added. False when the frame is no such packet.
 * @see netif.h, NETTXF_csum_blank: frontends may set it although feature-no-csum-offload asks them not to
 */
export const completeChecksum = (u8: Uint8Array, at: number, length: number): boolean => {
  const end = at + length;
  let ip = at + ETH_HLEN;
  let type = getBe16(u8, at + ETH_TYPE);
  if (type === TYPE_VLAN && ip + VLAN_LEN <= end) {
    type = getBe16(u8, ip + 2);
    ip += VLAN_LEN;
  }
  if (type !== TYPE_IPV4 || ip + 20 > end) return false;
  const transport = ip + (u8[ip] & 0xf) * 4;
  const packetEnd = ip + getBe16(u8, ip + 2);
  const field = transport + (checksumAt[u8[ip + 9]] ?? Infinity);
  if (packetEnd > end || transport < ip + 20 || field + 2 > packetEnd) return false;
  const checksum = foldSum(sumWords(u8, transport, packetEnd - transport));
  // UDP has 0 for "none": what comes out as 0 is sent as its other form.
  putBe16(u8, field, checksum === 0 && u8[ip + 9] === IPPROTO_UDP ? 0xffff : checksum);
  return true;
};
