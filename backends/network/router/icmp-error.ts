import {ETH_HLEN} from '../frame-batch.ts';
import {getBe32, internetChecksum, putBe16} from '../inet.ts';
import {ICMP, ipAt, isFragment, makePacket} from './packet.ts';
import {isGroupAddress} from './subnet.ts';

const ICMP_HLEN = 8;
/** Of the packet's data. @see RFC 792 */
const QUOTED_BYTES = 8;
const ICMP_ECHO = 8;
const ICMP_ECHOREPLY = 0;

/** Type and code. */
export const netUnreachable = [3, 0] as const;
export const portUnreachable = [3, 3] as const;
export const timeExceeded = [11, 0] as const;
export type IcmpError = typeof netUnreachable | typeof portUnreachable | typeof timeExceeded;

/** What tells the sender of a packet what became of it; undefined where nothing may be said. @see RFC 1122, 3.2.2 */
export const icmpError = (
  frame: Uint8Array,
  at: number,
  [type, code]: IcmpError,
  source: number,
): Uint8Array | undefined => {
  const isError = frame[ipAt.protocol] === ICMP && frame[at] !== ICMP_ECHO && frame[at] !== ICMP_ECHOREPLY;
  const sender = getBe32(frame, ipAt.source);
  if (isError || isFragment(frame) || sender === 0 || isGroupAddress(sender)) return undefined;
  const quoted = frame.subarray(ETH_HLEN, Math.min(at + QUOTED_BYTES, frame.length));
  const icmp = new Uint8Array(ICMP_HLEN + quoted.length);
  icmp[0] = type;
  icmp[1] = code;
  icmp.set(quoted, ICMP_HLEN);
  putBe16(icmp, 2, internetChecksum(icmp, 0, icmp.length));
  return makePacket(ICMP, source, sender, icmp);
};
