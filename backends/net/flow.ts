import {ETH_HLEN} from '../network/index.ts';

const VLAN_LEN = 4;
const TYPE_VLAN = 0x8100;
const TYPE_IPV4 = 0x0800;
const TYPE_IPV6 = 0x86dd;
const IPV4_HLEN = 20;
const IPV6_HLEN = 40;
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;
const FRAGMENT = 0x3fff;
const PORTS_BYTES = 4;
/** A prime near 2^32 over the golden ratio. */
const MIX = 0x9e3779b1;

/** Where in a frame it says which flow it belongs to. One object serves frame after frame. */
export class Flow {
  isIpv6 = false;
  isTcp = false;
  /** Byte offset of the source address, which the destination's follows, and the bytes of both. */
  addresses = 0;
  addressBytes = 0;
  /** Byte offset of the two ports of TCP or UDP; -1: there are none. */
  ports = -1;

  /** Looks at the frame of `length` bytes at `at`; false when it carries no IP. */
  find(u8: Uint8Array, at: number, length: number): boolean {
    const end = at + length;
    const isTagged = length >= ETH_HLEN + VLAN_LEN && be16(u8, at + ETH_HLEN - 2) === TYPE_VLAN;
    const ip = at + ETH_HLEN + (isTagged ? VLAN_LEN : 0);
    if (ip + IPV4_HLEN > end) return false;
    const type = be16(u8, ip - 2);
    if (type === TYPE_IPV4) return this.findIpv4(u8, ip, end);
    return type === TYPE_IPV6 && ip + IPV6_HLEN <= end && this.findIpv6(u8, ip, end);
  }

  /** Some hash of the flow that `find` found last. */
  mix(u8: Uint8Array): number {
    let hash = this.addressBytes;
    for (let i = 0; i < this.addressBytes; i += 2) hash = Math.imul(hash ^ be16(u8, this.addresses + i), MIX);
    if (this.ports >= 0) hash = Math.imul(hash ^ be16(u8, this.ports) ^ (be16(u8, this.ports + 2) << 16), MIX);
    // The upper bits know more of the input than the lower ones, by which a queue is chosen.
    return Math.imul(hash ^ (hash >>> 15), MIX) >>> 16;
  }

  private findIpv4(u8: Uint8Array, ip: number, end: number): boolean {
    this.isIpv6 = false;
    this.addresses = ip + 12;
    this.addressBytes = 8;
    const isFragment = (be16(u8, ip + 6) & FRAGMENT) !== 0;
    this.findPorts(isFragment ? 0 : u8[ip + 9], ip + (u8[ip] & 0xf) * 4, end);
    return true;
  }

  private findIpv6(u8: Uint8Array, ip: number, end: number): boolean {
    this.isIpv6 = true;
    this.addresses = ip + 8;
    this.addressBytes = 32;
    this.findPorts(u8[ip + 6], ip + IPV6_HLEN, end);
    return true;
  }

  private findPorts(protocol: number, at: number, end: number): void {
    this.isTcp = protocol === IPPROTO_TCP;
    const hasPorts = (this.isTcp || protocol === IPPROTO_UDP) && at + PORTS_BYTES <= end;
    this.ports = hasPorts ? at : -1;
  }
}

const be16 = (u8: Uint8Array, at: number): number => (u8[at] << 8) | u8[at + 1];
