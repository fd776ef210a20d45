import {
  NETTXF_csum_blank,
  NETTXF_data_validated,
  XEN_NETIF_EXTRA_TYPE_GSO,
  XEN_NETIF_GSO_TYPE_TCPV4,
  XEN_NETIF_GSO_TYPE_TCPV6,
} from '../../hypervisor/abi/io/netif.ts';
import type {DeviceOffloads, SendOffload} from '../api.ts';
import {findTransport, pseudoHeaderSum} from './inet.ts';
import type {TxMarks} from './tx-ring.ts';

/** How a frame goes onto the ring of which the rest is left to the backend; undefined when the backend does not do it. */
export const marksOf = (
  frame: Uint8Array,
  {segmentBytes = 0}: SendOffload,
  offloads: DeviceOffloads,
): TxMarks | undefined => {
  const transport = findTransport(frame);
  if (transport === undefined || (segmentBytes > 0 && !transport.isTcp)) return undefined;
  const {isIpv6, checksum} = transport;
  const [canBlank, canSegment] = isIpv6
    ? [offloads.checksumIpv6, offloads.segmentIpv6]
    : [offloads.checksumIpv4, offloads.segmentIpv4];
  if (!canBlank || (segmentBytes > 0 && !canSegment) || segmentBytes > 0xffff) return undefined;
  const gsoType = isIpv6 ? XEN_NETIF_GSO_TYPE_TCPV6 : XEN_NETIF_GSO_TYPE_TCPV4;
  return {
    flags: NETTXF_csum_blank | NETTXF_data_validated,
    extra: segmentBytes > 0 ? [(XEN_NETIF_EXTRA_TYPE_GSO | (segmentBytes << 16)) >>> 0, gsoType] : undefined,
    patchAt: checksum,
    patch: pseudoHeaderSum(frame, transport),
  };
};
