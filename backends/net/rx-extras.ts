import {
  XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ,
  XEN_NETIF_EXTRA_FLAG_MORE,
  XEN_NETIF_EXTRA_TYPE_GSO,
  XEN_NETIF_EXTRA_TYPE_HASH,
  XEN_NETIF_GSO_TYPE_TCPV4,
  XEN_NETIF_GSO_TYPE_TCPV6,
} from '../../hypervisor/abi/io/netif.ts';
import {XEN_NETIF_EXTRA_TYPE_XDP} from '../../hypervisor/abi/io/netif-xdp.ts';
import type {SharedRing} from '../../hypervisor/abi/ring.ts';
import {OVER_IPV6, segmentBytes} from '../network/index.ts';
import type {PacketHash} from './packet-hash.ts';

/** A received packet has one of each type at most: GSO, hash, XDP. */
const MAX_EXTRAS = 3;

/** The extra infos that go with a frame to the guest. One object serves frame after frame. @see netif.h, "Extra Info" */
export class RxExtras {
  count = 0;
  private readonly words = new Uint32Array(MAX_EXTRAS * 2);

  /** Those of the frame of which the first `length` bytes lie at `at`; `headroom` bytes are free in front of its data. */
  describe(u8: Uint8Array, at: number, length: number, offload: number, hash: PacketHash, headroom: number): void {
    this.count = 0;
    const segment = segmentBytes(offload);
    if (segment > 0)
      this.add(
        XEN_NETIF_EXTRA_TYPE_GSO | (segment << 16),
        (offload & OVER_IPV6) === 0 ? XEN_NETIF_GSO_TYPE_TCPV4 : XEN_NETIF_GSO_TYPE_TCPV6,
      );
    if (hash.isOn && hash.hash(u8, at, length))
      this.add(
        // The type is the number of its bit.
        XEN_NETIF_EXTRA_TYPE_HASH |
          ((31 - Math.clz32(hash.type)) << 16) |
          (XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ << 24),
        hash.value,
      );
    if (headroom > 0) this.add(XEN_NETIF_EXTRA_TYPE_XDP | (headroom << 16), 0);
  }

  /** Writes number `index` into the slot of a ring index. */
  write(index: number, shared: SharedRing, ringIndex: number): void {
    const more = index < this.count - 1 ? XEN_NETIF_EXTRA_FLAG_MORE << 8 : 0;
    const word = shared.slotWord(ringIndex);
    shared.u32[word] = (this.words[index * 2] | more) >>> 0;
    shared.u32[word + 1] = this.words[index * 2 + 1];
  }

  private add(head: number, tail: number): void {
    this.words[this.count * 2] = head;
    this.words[this.count * 2 + 1] = tail;
    this.count++;
  }
}
