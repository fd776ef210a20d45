/**
 * Network interface: transmit, receive and control rings.
 * @see netif.h
 */
import {inlineStruct, inlineUnion, int16_t, struct, uint16_t, uint32_t, uint8_t} from '../ctype.ts';
import {grant_ref_t} from '../grant-table.ts';
import {ringTypes} from './ring.ts';

/** A backend takes packets of at least this many slots. */
export const XEN_NETIF_NR_SLOTS_MIN = 18;
export const _XEN_NETIF_CTRL_HASH_TYPE_IPV4 = 0;
export const XEN_NETIF_CTRL_HASH_TYPE_IPV4 = 1 << _XEN_NETIF_CTRL_HASH_TYPE_IPV4;
export const _XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP = 1;
export const XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP = 1 << _XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP;
export const _XEN_NETIF_CTRL_HASH_TYPE_IPV6 = 2;
export const XEN_NETIF_CTRL_HASH_TYPE_IPV6 = 1 << _XEN_NETIF_CTRL_HASH_TYPE_IPV6;
export const _XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP = 3;
export const XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP = 1 << _XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP;
export const XEN_NETIF_CTRL_HASH_ALGORITHM_NONE = 0;
export const XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ = 1;

export const xen_netif_ctrl_request = struct('xen_netif_ctrl_request', [
  ['id', uint16_t],
  ['type', uint16_t],
  ['data', uint32_t, 3],
]);

export const XEN_NETIF_CTRL_TYPE_INVALID = 0;
export const XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS = 1;
export const XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS = 2;
export const XEN_NETIF_CTRL_TYPE_SET_HASH_KEY = 3;
export const XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE = 4;
export const XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE = 5;
export const XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING = 6;
export const XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM = 7;
export const XEN_NETIF_CTRL_TYPE_GET_GREF_MAPPING_SIZE = 8;
export const XEN_NETIF_CTRL_TYPE_ADD_GREF_MAPPING = 9;
export const XEN_NETIF_CTRL_TYPE_DEL_GREF_MAPPING = 10;

export const xen_netif_ctrl_response = struct('xen_netif_ctrl_response', [
  ['id', uint16_t],
  ['type', uint16_t],
  ['status', uint32_t],
  ['data', uint32_t],
]);

export const XEN_NETIF_CTRL_STATUS_SUCCESS = 0;
export const XEN_NETIF_CTRL_STATUS_NOT_SUPPORTED = 1;
export const XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER = 2;
export const XEN_NETIF_CTRL_STATUS_BUFFER_OVERFLOW = 3;

export const xen_netif_gref = struct('xen_netif_gref', [
  ['ref', grant_ref_t],
  ['flags', uint16_t],
  ['status', uint16_t],
]);

export const _XEN_NETIF_CTRLF_GREF_readonly = 0;
export const XEN_NETIF_CTRLF_GREF_readonly = 1 << _XEN_NETIF_CTRLF_GREF_readonly;

export const xen_netif_ctrl_ring = ringTypes('xen_netif_ctrl', xen_netif_ctrl_request, xen_netif_ctrl_response);

/** netif_tx_request.flags */
export const _NETTXF_csum_blank = 0;
export const NETTXF_csum_blank = 1 << _NETTXF_csum_blank;
export const _NETTXF_data_validated = 1;
export const NETTXF_data_validated = 1 << _NETTXF_data_validated;
export const _NETTXF_more_data = 2;
export const NETTXF_more_data = 1 << _NETTXF_more_data;
export const _NETTXF_extra_info = 3;
export const NETTXF_extra_info = 1 << _NETTXF_extra_info;

export const XEN_NETIF_MAX_TX_SIZE = 0xffff;

/** `size` of the first request of a packet is of the whole packet, of the others of their own slot. */
export const netif_tx_request = struct('netif_tx_request', [
  ['gref', grant_ref_t],
  ['offset', uint16_t],
  ['flags', uint16_t],
  ['id', uint16_t],
  ['size', uint16_t],
]);

/** netif_extra_info.type */
export const XEN_NETIF_EXTRA_TYPE_NONE = 0;
export const XEN_NETIF_EXTRA_TYPE_GSO = 1;
export const XEN_NETIF_EXTRA_TYPE_MCAST_ADD = 2;
export const XEN_NETIF_EXTRA_TYPE_MCAST_DEL = 3;
export const XEN_NETIF_EXTRA_TYPE_HASH = 4;
export const XEN_NETIF_EXTRA_TYPE_MAX = 5;
export const _XEN_NETIF_EXTRA_FLAG_MORE = 0;
export const XEN_NETIF_EXTRA_FLAG_MORE = 1 << _XEN_NETIF_EXTRA_FLAG_MORE;
export const XEN_NETIF_GSO_TYPE_NONE = 0;
export const XEN_NETIF_GSO_TYPE_TCPV4 = 1;
export const XEN_NETIF_GSO_TYPE_TCPV6 = 2;

/** Takes the place of a request (or, on the receive ring, a response) after one flagged extra_info. */
export const netif_extra_info = struct('netif_extra_info', [
  ['type', uint8_t],
  ['flags', uint8_t],
  [
    'u',
    inlineUnion([
      [
        'gso',
        inlineStruct([
          ['size', uint16_t],
          ['type', uint8_t],
          ['pad', uint8_t],
          ['features', uint16_t],
        ]),
      ],
      ['mcast', inlineStruct([['addr', uint8_t, 6]])],
      [
        'hash',
        inlineStruct([
          ['type', uint8_t],
          ['algorithm', uint8_t],
          ['value', uint8_t, 4],
        ]),
      ],
      ['pad', uint16_t, 3],
    ]),
  ],
]);

export const netif_tx_response = struct('netif_tx_response', [
  ['id', uint16_t],
  ['status', int16_t],
]);

export const netif_rx_request = struct('netif_rx_request', [
  ['id', uint16_t],
  ['pad', uint16_t],
  ['gref', grant_ref_t],
]);

/** netif_rx_response.flags */
export const _NETRXF_data_validated = 0;
export const NETRXF_data_validated = 1 << _NETRXF_data_validated;
export const _NETRXF_csum_blank = 1;
export const NETRXF_csum_blank = 1 << _NETRXF_csum_blank;
export const _NETRXF_more_data = 2;
export const NETRXF_more_data = 1 << _NETRXF_more_data;
export const _NETRXF_extra_info = 3;
export const NETRXF_extra_info = 1 << _NETRXF_extra_info;
export const _NETRXF_gso_prefix = 4;
export const NETRXF_gso_prefix = 1 << _NETRXF_gso_prefix;

/** `status` is the length in bytes, or NETIF_RSP_* when negative. */
export const netif_rx_response = struct('netif_rx_response', [
  ['id', uint16_t],
  ['offset', uint16_t],
  ['flags', uint16_t],
  ['status', int16_t],
]);

export const netif_tx_ring = ringTypes('netif_tx', netif_tx_request, netif_tx_response);

export const netif_rx_ring = ringTypes('netif_rx', netif_rx_request, netif_rx_response);

/** Status of a response; _NULL answers an extra info slot. */
export const NETIF_RSP_DROPPED = -2;
export const NETIF_RSP_ERROR = -1;
export const NETIF_RSP_OKAY = 0;
export const NETIF_RSP_NULL = 1;
