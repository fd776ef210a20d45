import {
  XEN_NETIF_CTRL_HASH_ALGORITHM_NONE,
  XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ,
  XEN_NETIF_CTRL_HASH_TYPE_IPV4,
  XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP,
  XEN_NETIF_CTRL_HASH_TYPE_IPV6,
  XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP,
} from '../../hypervisor/abi/io/netif.ts';
import {Flow} from './flow.ts';
import {Toeplitz} from './toeplitz.ts';

/** What Linux's netback takes: the key that the Toeplitz hash of IPv6 and TCP needs, and entries of the mapping. */
export const MAX_KEY_BYTES = 40;
export const MAX_MAPPING = 128;

const PORTS_BYTES = 4;

/** How a guest wants its frames hashed and spread over its queues, and the hash of a frame. @see netif.h, "Hash types" */
export class PacketHash {
  algorithm = XEN_NETIF_CTRL_HASH_ALGORITHM_NONE;
  /** XEN_NETIF_CTRL_HASH_TYPE_*, or'ed. */
  types = 0;
  /** Of the frame that was last hashed: which of the types, one bit, or 0 if there is no hash of it; and the hash. */
  type = 0;
  value = 0;
  private readonly flow = new Flow();
  private readonly toeplitz = new Toeplitz();
  /** Queue by hash; empty: the hash modulo the number of queues. */
  private mapping = new Uint32Array(0);

  /** The guest wants frames hashed. */
  get isOn(): boolean {
    return this.algorithm === XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ && this.types !== 0;
  }

  get mappingSize(): number {
    return this.mapping.length;
  }

  setKey(key: Uint8Array): void {
    this.toeplitz.setKey(key);
  }

  /** A table of zeros. */
  setMappingSize(entries: number): void {
    this.mapping = new Uint32Array(entries);
  }

  setMapping(entries: Uint32Array, at: number): void {
    this.mapping.set(entries, at);
  }

  /** Hashes the frame of `length` bytes at `at`, by the most that its headers and `types` allow. False: no hash of it. */
  hash(u8: Uint8Array, at: number, length: number): boolean {
    const {flow, toeplitz} = this;
    this.type = flow.find(u8, at, length) ? this.typeOf(flow) : 0;
    this.value = 0;
    if (this.type === 0) return false;
    this.value = toeplitz.add(0, u8, flow.addresses, flow.addressBytes, 0);
    if (isOfTcp(this.type)) this.value = toeplitz.add(this.value, u8, flow.ports, PORTS_BYTES, flow.addressBytes);
    return true;
  }

  /** The queue for the frame that was last hashed. */
  queue(count: number): number {
    const {mapping, value} = this;
    return mapping.length === 0 ? value % count : mapping[value % mapping.length];
  }

  private typeOf({isIpv6, isTcp, ports}: Flow): number {
    const tcp = isIpv6 ? XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP : XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP;
    if (isTcp && ports >= 0 && (this.types & tcp) !== 0) return tcp;
    return this.types & (isIpv6 ? XEN_NETIF_CTRL_HASH_TYPE_IPV6 : XEN_NETIF_CTRL_HASH_TYPE_IPV4);
  }
}

const isOfTcp = (type: number): boolean =>
  (type & (XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP | XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP)) !== 0;
