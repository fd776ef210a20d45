import {
  NETTXF_extra_info,
  NETTXF_more_data,
  XEN_NETIF_EXTRA_FLAG_MORE,
  XEN_NETIF_EXTRA_TYPE_GSO,
  XEN_NETIF_EXTRA_TYPE_HASH,
  XEN_NETIF_EXTRA_TYPE_MCAST_ADD,
  XEN_NETIF_EXTRA_TYPE_MCAST_DEL,
  XEN_NETIF_GSO_TYPE_TCPV4,
  XEN_NETIF_GSO_TYPE_TCPV6,
  XEN_NETIF_NR_SLOTS_MIN,
} from '../../hypervisor/abi/io/netif.ts';
import type {BackRing} from '../../hypervisor/abi/ring.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import {ETH_HLEN} from '../network/index.ts';
import type {NetFeatures} from './features.ts';

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
  /** XEN_NETIF_GSO_TYPE_* of these segments. */
  gsoType = 0;
  /** XEN_NETIF_EXTRA_TYPE_MCAST_*: no packet, but a change to the list of multicast addresses. 0: a packet. */
  groupChange = 0;
  /** The address that it is about. */
  readonly group = new Uint8Array(6);
  /** Of each data slot. The first one's size is that of its own part. */
  readonly grefs = new Uint32Array(FATAL_SLOTS);
  readonly offsets = new Uint16Array(FATAL_SLOTS);
  readonly sizes = new Int32Array(FATAL_SLOTS);
  readonly ids = new Uint16Array(FATAL_SLOTS);
  /** An extra info stands for something which is not offered, or makes no sense. */
  hasBadExtra = false;
  private readonly request: Uint32Array;
  private readonly features: NetFeatures;
  private reading = 0;

  /** `request` is scratch for one request; what `features` do not offer makes a packet unsound. */
  constructor(request: Uint32Array, features: NetFeatures) {
    this.request = request;
    this.features = features;
  }

  /**
   * Reads on after the first request, which the caller has taken into the scratch. `published` requests can be taken
   * besides. Returns a fault for a chain that does not end among them.
   */
  read(ring: BackRing, published: number): Fault | undefined {
    this.reading = published;
    this.extras = 0;
    this.segmentBytes = 0;
    this.groupChange = 0;
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
    const maxSlots = this.features.sg ? MAX_SLOTS : 1;
    if (this.hasBadExtra || slots > maxSlots || size < ETH_HLEN || sizes[0] < 0) return false;
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
    const take = extraReaders[this.request[0] & 0xff];
    if (take === undefined || !take(this, this.request, this.features)) this.hasBadExtra = true;
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

/** By type: takes an extra info from the words of its slot. False for one that is not offered, or makes no sense. */
type ExtraReader = (packet: TxPacket, words: Uint32Array, features: NetFeatures) => boolean;

const readGso: ExtraReader = (packet, words, features) => {
  const type = words[1] & 0xff;
  const isOffered =
    type === XEN_NETIF_GSO_TYPE_TCPV4 ? features.gso4 : type === XEN_NETIF_GSO_TYPE_TCPV6 && features.gso6;
  packet.segmentBytes = words[0] >>> 16;
  packet.gsoType = type;
  return isOffered && features.sg && packet.segmentBytes > 0;
};

const readGroup: ExtraReader = (packet, words, features) => {
  packet.groupChange = words[0] & 0xff;
  packet.group.set([words[0] >>> 16, words[0] >>> 24, words[1], words[1] >>> 8, words[1] >>> 16, words[1] >>> 24]);
  return features.multicast !== 'off';
};

const extraReaders: Partial<Record<number, ExtraReader>> = {
  [XEN_NETIF_EXTRA_TYPE_GSO]: readGso,
  [XEN_NETIF_EXTRA_TYPE_MCAST_ADD]: readGroup,
  [XEN_NETIF_EXTRA_TYPE_MCAST_DEL]: readGroup,
  // The guest's own hash of the packet: nothing that we need.
  [XEN_NETIF_EXTRA_TYPE_HASH]: (_packet, _words, {ctrl}) => ctrl,
};
