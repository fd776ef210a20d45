/**
 * Sockets served by the backend: commands on a ring, data on a pair of byte rings a socket.
 * @see pvcalls.h
 */
import {FLEXIBLE, inlineUnion, int32_t, struct, uint32_t, uint64_t, uint8_t} from '../ctype.ts';
import {grant_ref_t} from '../grant-table.ts';
import {RING_IDX, ringTypes} from './ring.ts';

/** Indexes of one socket's pair of byte rings; an error of the socket stands beside them. */
export const pvcalls_data_intf = struct('pvcalls_data_intf', [
  ['in_cons', RING_IDX],
  ['in_prod', RING_IDX],
  ['in_error', RING_IDX],
  ['pad1', uint8_t, 52],
  ['out_cons', RING_IDX],
  ['out_prod', RING_IDX],
  ['out_error', RING_IDX],
  ['pad2', uint8_t, 52],
  ['ring_order', RING_IDX],
  ['ref', grant_ref_t, FLEXIBLE],
]);

export const PVCALLS_SOCKET = 0;
export const PVCALLS_CONNECT = 1;
export const PVCALLS_RELEASE = 2;
export const PVCALLS_BIND = 3;
export const PVCALLS_LISTEN = 4;
export const PVCALLS_ACCEPT = 5;
export const PVCALLS_POLL = 6;

export const xen_pvcalls_socket = struct('xen_pvcalls_socket', [
  ['id', uint64_t],
  ['domain', uint32_t],
  ['type', uint32_t],
  ['protocol', uint32_t],
  ['pad', uint8_t, 4],
]);

export const xen_pvcalls_connect = struct('xen_pvcalls_connect', [
  ['id', uint64_t],
  ['addr', uint8_t, 28],
  ['len', uint32_t],
  ['flags', uint32_t],
  ['ref', grant_ref_t],
  ['evtchn', uint32_t],
  ['pad', uint8_t, 4],
]);

export const xen_pvcalls_release = struct('xen_pvcalls_release', [
  ['id', uint64_t],
  ['reuse', uint8_t],
  ['pad', uint8_t, 7],
]);

export const xen_pvcalls_bind = struct('xen_pvcalls_bind', [
  ['id', uint64_t],
  ['addr', uint8_t, 28],
  ['len', uint32_t],
]);

export const xen_pvcalls_listen = struct('xen_pvcalls_listen', [
  ['id', uint64_t],
  ['backlog', uint32_t],
  ['pad', uint8_t, 4],
]);

export const xen_pvcalls_accept = struct('xen_pvcalls_accept', [
  ['id', uint64_t],
  ['id_new', uint64_t],
  ['ref', grant_ref_t],
  ['evtchn', uint32_t],
]);

export const xen_pvcalls_poll = struct('xen_pvcalls_poll', [['id', uint64_t]]);

export const xen_pvcalls_dummy = struct('xen_pvcalls_dummy', [['dummy', uint8_t, 56]]);

export const xen_pvcalls_request = struct('xen_pvcalls_request', [
  ['req_id', uint32_t],
  ['cmd', uint32_t],
  [
    'u',
    inlineUnion([
      ['socket', xen_pvcalls_socket],
      ['connect', xen_pvcalls_connect],
      ['release', xen_pvcalls_release],
      ['bind', xen_pvcalls_bind],
      ['listen', xen_pvcalls_listen],
      ['accept', xen_pvcalls_accept],
      ['poll', xen_pvcalls_poll],
      ['dummy', xen_pvcalls_dummy],
    ]),
  ],
]);

export const _xen_pvcalls_socket = struct('_xen_pvcalls_socket', [['id', uint64_t]]);

export const _xen_pvcalls_connect = struct('_xen_pvcalls_connect', [['id', uint64_t]]);

export const _xen_pvcalls_release = struct('_xen_pvcalls_release', [['id', uint64_t]]);

export const _xen_pvcalls_bind = struct('_xen_pvcalls_bind', [['id', uint64_t]]);

export const _xen_pvcalls_listen = struct('_xen_pvcalls_listen', [['id', uint64_t]]);

export const _xen_pvcalls_accept = struct('_xen_pvcalls_accept', [['id', uint64_t]]);

export const _xen_pvcalls_poll = struct('_xen_pvcalls_poll', [['id', uint64_t]]);

export const _xen_pvcalls_dummy = struct('_xen_pvcalls_dummy', [['dummy', uint8_t, 8]]);

export const xen_pvcalls_response = struct('xen_pvcalls_response', [
  ['req_id', uint32_t],
  ['cmd', uint32_t],
  ['ret', int32_t],
  ['pad', uint32_t],
  [
    'u',
    inlineUnion([
      ['socket', _xen_pvcalls_socket],
      ['connect', _xen_pvcalls_connect],
      ['release', _xen_pvcalls_release],
      ['bind', _xen_pvcalls_bind],
      ['listen', _xen_pvcalls_listen],
      ['accept', _xen_pvcalls_accept],
      ['poll', _xen_pvcalls_poll],
      ['dummy', _xen_pvcalls_dummy],
    ]),
  ],
]);

export const xen_pvcalls_ring = ringTypes('xen_pvcalls', xen_pvcalls_request, xen_pvcalls_response);
