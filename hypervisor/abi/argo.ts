/**
 * Argo: message rings between domains that Xen itself copies.
 * @see argo.h
 */
import {FLEXIBLE, handle, scalar, struct, typedef, uint16_t, uint32_t, uint8_t} from './ctype.ts';
import {domid_t} from './xen.ts';

export const XEN_ARGO_DOMID_ANY = 32756;
export const XEN_ARGO_MAX_RING_SIZE = 0x1000000;

export const xen_argo_port_t = scalar('xen_argo_port_t', 'u32');
export const xen_argo_gfn_t = scalar('xen_argo_gfn_t', 'u64');

export const XEN_ARGO_MAXIOV = 8;

export const xen_argo_iov = struct('xen_argo_iov', [
  ['iov_hnd', handle('uint8')],
  ['iov_len', uint32_t],
  ['pad', uint32_t],
]);

export const xen_argo_addr = struct('xen_argo_addr', [
  ['aport', xen_argo_port_t],
  ['domain_id', domid_t],
  ['pad', uint16_t],
]);

export const xen_argo_send_addr = struct('xen_argo_send_addr', [
  ['src', typedef(xen_argo_addr)],
  ['dst', typedef(xen_argo_addr)],
]);

export const xen_argo_ring = struct('xen_argo_ring', [
  ['rx_ptr', uint32_t],
  ['tx_ptr', uint32_t],
  ['reserved', uint8_t, 56],
  ['ring', uint8_t, FLEXIBLE],
]);

export const xen_argo_register_ring = struct('xen_argo_register_ring', [
  ['aport', xen_argo_port_t],
  ['partner_id', domid_t],
  ['pad', uint16_t],
  ['len', uint32_t],
]);

export const xen_argo_unregister_ring = struct('xen_argo_unregister_ring', [
  ['aport', xen_argo_port_t],
  ['partner_id', domid_t],
  ['pad', uint16_t],
]);

export const XEN_ARGO_MSG_SLOT_SIZE = 0x10;
export const XEN_ARGO_RING_EXISTS = 1 << 0;
export const XEN_ARGO_RING_SHARED = 1 << 1;
export const XEN_ARGO_RING_EMPTY = 1 << 2;
export const XEN_ARGO_RING_SUFFICIENT = 1 << 3;
export const XEN_ARGO_RING_EMSGSIZE = 1 << 4;
export const XEN_ARGO_RING_EBUSY = 1 << 5;

export const xen_argo_ring_data_ent = struct('xen_argo_ring_data_ent', [
  ['ring', typedef(xen_argo_addr)],
  ['flags', uint16_t],
  ['pad', uint16_t],
  ['space_required', uint32_t],
  ['max_message_size', uint32_t],
]);

export const xen_argo_ring_data = struct('xen_argo_ring_data', [
  ['nent', uint32_t],
  ['pad', uint32_t],
  ['data', typedef(xen_argo_ring_data_ent), FLEXIBLE],
]);

export const xen_argo_ring_message_header = struct('xen_argo_ring_message_header', [
  ['len', uint32_t],
  ['source', typedef(xen_argo_addr)],
  ['message_type', uint32_t],
  ['data', uint8_t, FLEXIBLE],
]);

export const XEN_ARGO_OP_register_ring = 1;
export const XEN_ARGO_REGISTER_FLAG_FAIL_EXIST = 0x1;
export const XEN_ARGO_OP_unregister_ring = 2;
export const XEN_ARGO_OP_sendv = 3;
export const XEN_ARGO_OP_notify = 4;
