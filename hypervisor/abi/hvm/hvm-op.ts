/**
 * Operations on HVM guests: parameters, memory types, altp2m.
 * @see hvm/hvm_op.h
 */
import {handle, inlineUnion, int32_t, scalar, struct, uint16_t, uint32_t, uint64_t, uint8_t} from '../ctype.ts';
import {domid_t} from '../xen.ts';

export const HVMOP_set_param = 0;
export const HVMOP_get_param = 1;

export const xen_hvm_param = struct('xen_hvm_param', [
  ['domid', domid_t],
  ['pad', uint16_t],
  ['index', uint32_t],
  ['value', uint64_t],
]);

export const xen_hvm_altp2m_suppress_ve = struct('xen_hvm_altp2m_suppress_ve', [
  ['view', uint16_t],
  ['suppress_ve', uint8_t],
  ['pad1', uint8_t],
  ['pad2', uint32_t],
  ['gfn', uint64_t],
]);

export const xen_hvm_altp2m_suppress_ve_multi = struct('xen_hvm_altp2m_suppress_ve_multi', [
  ['view', uint16_t],
  ['suppress_ve', uint8_t],
  ['pad1', uint8_t],
  ['first_error', int32_t],
  ['first_gfn', uint64_t],
  ['last_gfn', uint64_t],
  ['first_error_gfn', uint64_t],
]);

export const HVMOP_flush_tlbs = 5;

export const HVMMEM_ram_rw = 0;
export const HVMMEM_ram_ro = 1;
export const HVMMEM_mmio_dm = 2;
export const HVMMEM_unused = 3;
export const HVMMEM_ioreq_server = 4;

export const hvmmem_type_t = scalar('hvmmem_type_t', 'u32');

export const HVMOP_pagetable_dying = 9;

export const xen_hvm_pagetable_dying = struct('xen_hvm_pagetable_dying', [
  ['domid', domid_t],
  ['pad', uint16_t, 3],
  ['gpa', uint64_t],
]);

export const HVMOP_get_time = 10;

export const xen_hvm_get_time = struct('xen_hvm_get_time', [['now', uint64_t]]);

export const HVMOP_xentrace = 11;

export const xen_hvm_xentrace = struct('xen_hvm_xentrace', [
  ['event', uint16_t],
  ['extra_bytes', uint16_t],
  ['extra', uint8_t, 28],
]);

export const HVMOP_set_mem_access = 12;
export const HVMOP_get_mem_access = 13;
export const HVMOP_get_mem_type = 15;

export const xen_hvm_get_mem_type = struct('xen_hvm_get_mem_type', [
  ['domid', domid_t],
  ['mem_type', uint16_t],
  ['pad', uint16_t, 2],
  ['pfn', uint64_t],
]);

export const HVM_IOREQSRV_BUFIOREQ_OFF = 0;
export const HVM_IOREQSRV_BUFIOREQ_LEGACY = 1;
export const HVM_IOREQSRV_BUFIOREQ_ATOMIC = 2;

export const HVMOP_set_evtchn_upcall_vector = 23;

export const xen_hvm_evtchn_upcall_vector = struct('xen_hvm_evtchn_upcall_vector', [
  ['vcpu', uint32_t],
  ['vector', uint8_t],
]);

export const HVMOP_guest_request_vm_event = 24;
export const HVMOP_altp2m = 25;
export const HVMOP_ALTP2M_INTERFACE_VERSION = 0x00000001;

export const xen_hvm_altp2m_domain_state = struct('xen_hvm_altp2m_domain_state', [['state', uint8_t]]);

export const xen_hvm_altp2m_vcpu_enable_notify = struct('xen_hvm_altp2m_vcpu_enable_notify', [
  ['vcpu_id', uint32_t],
  ['pad', uint32_t],
  ['gfn', uint64_t],
]);

export const xen_hvm_altp2m_vcpu_disable_notify = struct('xen_hvm_altp2m_vcpu_disable_notify', [['vcpu_id', uint32_t]]);

export const xen_hvm_altp2m_view = struct('xen_hvm_altp2m_view', [
  ['view', uint16_t],
  ['hvmmem_default_access', uint16_t],
]);

export const xen_hvm_altp2m_mem_access = struct('xen_hvm_altp2m_mem_access', [
  ['view', uint16_t],
  ['access', uint16_t],
  ['pad', uint32_t],
  ['gfn', uint64_t],
]);

export const xen_hvm_altp2m_set_mem_access_multi = struct('xen_hvm_altp2m_set_mem_access_multi', [
  ['view', uint16_t],
  ['pad', uint16_t],
  ['nr', uint32_t],
  ['opaque', uint64_t],
  ['pfn_list', handle('const_uint64')],
  ['access_list', handle('const_uint8')],
]);

export const xen_hvm_altp2m_change_gfn = struct('xen_hvm_altp2m_change_gfn', [
  ['view', uint16_t],
  ['pad1', uint16_t],
  ['pad2', uint32_t],
  ['old_gfn', uint64_t],
  ['new_gfn', uint64_t],
]);

export const xen_hvm_altp2m_get_vcpu_p2m_idx = struct('xen_hvm_altp2m_get_vcpu_p2m_idx', [
  ['vcpu_id', uint32_t],
  ['altp2m_idx', uint16_t],
]);

export const xen_hvm_altp2m_set_visibility = struct('xen_hvm_altp2m_set_visibility', [
  ['altp2m_idx', uint16_t],
  ['visible', uint8_t],
  ['pad', uint8_t],
]);

export const xen_hvm_altp2m_op = struct('xen_hvm_altp2m_op', [
  ['version', uint32_t],
  ['cmd', uint32_t],
  ['domain', domid_t],
  ['pad1', uint16_t],
  ['pad2', uint32_t],
  [
    'u',
    inlineUnion([
      ['domain_state', xen_hvm_altp2m_domain_state],
      ['enable_notify', xen_hvm_altp2m_vcpu_enable_notify],
      ['view', xen_hvm_altp2m_view],
      ['mem_access', xen_hvm_altp2m_mem_access],
      ['change_gfn', xen_hvm_altp2m_change_gfn],
      ['set_mem_access_multi', xen_hvm_altp2m_set_mem_access_multi],
      ['suppress_ve', xen_hvm_altp2m_suppress_ve],
      ['suppress_ve_multi', xen_hvm_altp2m_suppress_ve_multi],
      ['disable_notify', xen_hvm_altp2m_vcpu_disable_notify],
      ['get_vcpu_p2m_idx', xen_hvm_altp2m_get_vcpu_p2m_idx],
      ['set_visibility', xen_hvm_altp2m_set_visibility],
      ['pad', uint8_t, 64],
    ]),
  ],
]);

export const HVMOP_altp2m_get_domain_state = 1;
export const HVMOP_altp2m_set_domain_state = 2;
export const HVMOP_altp2m_vcpu_enable_notify = 3;
export const HVMOP_altp2m_create_p2m = 4;
export const HVMOP_altp2m_destroy_p2m = 5;
export const HVMOP_altp2m_switch_p2m = 6;
export const HVMOP_altp2m_set_mem_access = 7;
export const HVMOP_altp2m_change_gfn = 8;
export const HVMOP_altp2m_set_mem_access_multi = 9;
export const HVMOP_altp2m_set_suppress_ve = 10;
export const HVMOP_altp2m_get_suppress_ve = 11;
export const HVMOP_altp2m_get_mem_access = 12;
export const HVMOP_altp2m_vcpu_disable_notify = 13;
export const HVMOP_altp2m_get_p2m_idx = 14;
export const HVMOP_altp2m_set_suppress_ve_multi = 15;
export const HVMOP_altp2m_set_visibility = 16;
