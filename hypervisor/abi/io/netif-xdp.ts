/**
 * What Linux's copy of netif.h has besides.
 * @see Linux, include/xen/interface/io/netif.h
 */

/** Extra info: room in front of received data. Its `headroom` lies where a GSO's `size` does. */
export const XEN_NETIF_EXTRA_TYPE_XDP = 5;
