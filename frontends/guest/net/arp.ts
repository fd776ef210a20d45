import type {Ipv4} from './address.ts';
import {readU16, readU32, writeU16, writeU32} from './bytes.ts';
import {
  ETHERNET_HEADER_BYTES,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  isGroupMac,
  MAC_BYTES,
  writeEthernetHeader,
} from './ethernet.ts';

export const ARP_REQUEST = 1;
export const ARP_REPLY = 2;

/** A packet for IPv4 over Ethernet. @see RFC 826 */
export interface ArpPacket {
  operation: number;
  senderMac: Uint8Array;
  senderIp: Ipv4;
  targetMac: Uint8Array;
  targetIp: Ipv4;
}

const HARDWARE_ETHERNET = 1;
const PACKET_BYTES = 28;
const BODY = ETHERNET_HEADER_BYTES;
/** Offsets from the start of the frame. */
const at = {
  hardwareType: BODY,
  protocolType: BODY + 2,
  hardwareLength: BODY + 4,
  protocolLength: BODY + 5,
  operation: BODY + 6,
  senderMac: BODY + 8,
  senderIp: BODY + 14,
  targetMac: BODY + 18,
  targetIp: BODY + 24,
};

/** Undefined for a frame that is not a whole ARP packet of an Ethernet host with an IPv4 address. */
export const decodeArp = (frame: Uint8Array): ArpPacket | undefined => {
  if (frame.length < BODY + PACKET_BYTES) return undefined;
  const isForUs =
    readU16(frame, at.hardwareType) === HARDWARE_ETHERNET &&
    readU16(frame, at.protocolType) === ETHERTYPE_IPV4 &&
    frame[at.hardwareLength] === MAC_BYTES &&
    frame[at.protocolLength] === 4;
  // A group address as sender would make us send to everybody.
  if (!isForUs || isGroupMac(frame, at.senderMac)) return undefined;
  return {
    operation: readU16(frame, at.operation),
    senderMac: frame.slice(at.senderMac, at.senderMac + MAC_BYTES),
    senderIp: readU32(frame, at.senderIp),
    targetMac: frame.slice(at.targetMac, at.targetMac + MAC_BYTES),
    targetIp: readU32(frame, at.targetIp),
  };
};

/** The packet as a frame to `to`. */
export const encodeArp = (packet: ArpPacket, to: Uint8Array): Uint8Array => {
  const frame = new Uint8Array(BODY + PACKET_BYTES);
  writeEthernetHeader(frame, to, packet.senderMac, ETHERTYPE_ARP);
  writeU16(frame, at.hardwareType, HARDWARE_ETHERNET);
  writeU16(frame, at.protocolType, ETHERTYPE_IPV4);
  frame[at.hardwareLength] = MAC_BYTES;
  frame[at.protocolLength] = 4;
  writeU16(frame, at.operation, packet.operation);
  frame.set(packet.senderMac, at.senderMac);
  writeU32(frame, at.senderIp, packet.senderIp);
  frame.set(packet.targetMac, at.targetMac);
  writeU32(frame, at.targetIp, packet.targetIp);
  return frame;
};
