import {
  NETTXF_extra_info,
  NETTXF_more_data,
  XEN_NETIF_EXTRA_FLAG_MORE,
  XEN_NETIF_EXTRA_TYPE_GSO,
  XEN_NETIF_GSO_TYPE_TCPV4,
  XEN_NETIF_NR_SLOTS_MIN,
} from '../../hypervisor/abi/io/netif.ts';
import type {BackRing} from '../../hypervisor/abi/ring.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import {ETH_HLEN} from '../network/index.ts';

/** Data slots of a packet that is carried: the first and as many further ones as every backend has to take. */
export const MAX_SLOTS = 1 + XEN_NETIF_NR_SLOTS_MIN;
/** A packet of more slots gets its vif closed; up to here it is answered with errors. Linux's netback has the same. */
export const FATAL_SLOTS = 22;
/** Extra infos of one packet: there are fewer types than this, and each is to come once. */
const MAX_EXTRAS = 8;

/** What is wrong with a packet so that it cannot even be skipped: the vif is closed with these words. */
export type Fault = string;

/**
 * The requests of one packet, copied out of the ring and taken apart. One object serves packet after packet.
 * @see netif.h, "Guest transmit"
 */
export class TxPacket {
  /** NETTXF_* of the first request. */
  flags = 0;
  /** Bytes of the whole packet. */
  size = 0;
  /** Data slots, the first among them. */
  slots = 0;
  /** Slots of extra info, right after the first. */
  extras = 0;
  /** Payload bytes of each segment into which it is to be cut; 0 for a frame as it is. */
  segmentBytes = 0;
  /** Of each data slot. The first one's size is that of its own part. */
  readonly grefs = new Uint32Array(FATAL_SLOTS);
  readonly offsets = new Uint16Array(FATAL_SLOTS);
  readonly sizes = new Int32Array(FATAL_SLOTS);
  readonly ids = new Uint16Array(FATAL_SLOTS);
  private readonly request: Uint32Array;
  private reading = 0;
  /** An extra info that stands for something which is not offered, or makes no sense. */
  private hasBadExtra = false;

  /** `request` is scratch for one request. */
  constructor(request: Uint32Array) {
    this.request = request;
  }

  /**
   * Reads on after the first request, which the caller has taken into the scratch. `published` requests can be taken
   * besides. Returns a fault for a chain that does not end among them.
   */
  read(ring: BackRing, published: number): Fault | undefined {
    this.reading = published;
    this.extras = 0;
    this.segmentBytes = 0;
    this.hasBadExtra = false;
    this.slots = 0;
    this.flags = this.addSlot();
    this.size = this.sizes[0];
    const fault = this.readExtras(ring);
    return fault ?? this.readSlots(ring);
  }

  /** True when the packet may be carried: what it says of itself holds together. */
  isSound(): boolean {
    const {slots, sizes, offsets, size} = this;
    if (this.hasBadExtra || slots > MAX_SLOTS || size < ETH_HLEN || sizes[0] < 0) return false;
    for (let i = 0; i < slots; i++) if (sizes[i] > 0 && offsets[i] + sizes[i] > PAGE_SIZE) return false;
    return true;
  }

  private readExtras(ring: BackRing): Fault | undefined {
    let more = (this.flags & NETTXF_extra_info) !== 0;
    while (more) {
      if (this.reading === 0) return 'an extra info is missing';
      if (++this.extras > MAX_EXTRAS) return `more than ${MAX_EXTRAS} extra infos`;
      this.take(ring);
      this.addExtra();
      more = ((this.request[0] >>> 8) & XEN_NETIF_EXTRA_FLAG_MORE) !== 0;
    }
    return undefined;
  }

  /** Notes the extra info in the scratch; of one type the last counts. @see netif.h, struct xen_netif_extra_info */
  private addExtra(): void {
    const {request} = this;
    const isGso = (request[0] & 0xff) === XEN_NETIF_EXTRA_TYPE_GSO && (request[1] & 0xff) === XEN_NETIF_GSO_TYPE_TCPV4;
    const size = request[0] >>> 16;
    if (!isGso || size === 0) this.hasBadExtra = true;
    this.segmentBytes = size;
  }

  private readSlots(ring: BackRing): Fault | undefined {
    let more = (this.flags & NETTXF_more_data) !== 0;
    while (more) {
      if (this.reading === 0) return 'the rest of a packet is missing';
      if (this.slots + 1 >= FATAL_SLOTS) return `a packet of ${FATAL_SLOTS} slots or more`;
      this.take(ring);
      more = (this.addSlot() & NETTXF_more_data) !== 0;
      this.sizes[0] -= this.sizes[this.slots - 1];
    }
    return undefined;
  }

  private take(ring: BackRing): void {
    ring.takeRequest(this.request);
    this.reading--;
  }

  /** Notes the request in the scratch as the next data slot. Returns its flags. */
  private addSlot(): number {
    const {request, slots} = this;
    this.grefs[slots] = request[0];
    this.offsets[slots] = request[1];
    this.ids[slots] = request[2];
    this.sizes[slots] = request[2] >>> 16;
    this.slots++;
    return request[1] >>> 16;
  }
}
