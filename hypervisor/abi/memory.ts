/**
 * Operations on a domain's memory.
 * @see memory.h
 */
import {xen_pfn_t, xen_ulong_t} from './arch-x86/xen.ts';
import {
  handle,
  handle64,
  inlineUnion,
  scalar,
  struct,
  typedef,
  uint16_t,
  uint32_t,
  uint64_aligned_t,
  uint64_t,
  uint8_t,
  union,
  unsigned_int,
} from './ctype.ts';
import {physdev_pci_device} from './physdev.ts';
import {domid_t} from './xen.ts';

/** Operations of memory_op. */
export const XENMEM_increase_reservation = 0;
export const XENMEM_decrease_reservation = 1;
export const XENMEM_populate_physmap = 6;

export const XENMEMF_populate_on_demand = 1 << 16;
export const XENMEMF_exact_node_request = 1 << 17;
export const XENMEMF_vnode = 1 << 18;

export const xen_memory_reservation = struct('xen_memory_reservation', [
  ['extent_start', handle('xen_pfn_t')],
  ['nr_extents', xen_ulong_t],
  ['extent_order', unsigned_int],
  ['mem_flags', unsigned_int],
  ['domid', domid_t],
]);

export const XENMEM_exchange = 11;

export const xen_memory_exchange = struct('xen_memory_exchange', [
  ['in', xen_memory_reservation],
  ['out', xen_memory_reservation],
  ['nr_exchanged', xen_ulong_t],
]);

export const XENMEM_maximum_ram_page = 2;

export const xen_memory_domain = struct('xen_memory_domain', [['domid', domid_t]]);

export const XENMEM_current_reservation = 3;
export const XENMEM_maximum_reservation = 4;
export const XENMEM_maximum_gpfn = 14;
export const XENMEM_machphys_mfn_list = 5;

export const xen_machphys_mfn_list = struct('xen_machphys_mfn_list', [
  ['max_extents', unsigned_int],
  ['extent_start', handle('xen_pfn_t')],
  ['nr_extents', unsigned_int],
]);

export const XENMEM_machphys_compat_mfn_list = 25;
export const XENMEM_machphys_mapping = 12;

export const xen_machphys_mapping = struct('xen_machphys_mapping', [
  ['v_start', xen_ulong_t],
  ['v_end', xen_ulong_t],
  ['max_mfn', xen_ulong_t],
]);

export const XENMAPSPACE_shared_info = 0;
export const XENMAPSPACE_grant_table = 1;
export const XENMAPSPACE_gmfn = 2;
export const XENMAPSPACE_gmfn_range = 3;
export const XENMAPSPACE_gmfn_foreign = 4;
export const XENMAPSPACE_dev_mmio = 5;

export const XENMEM_add_to_physmap = 7;

export const xen_add_to_physmap = struct('xen_add_to_physmap', [
  ['domid', domid_t],
  ['size', uint16_t],
  ['space', unsigned_int],
  ['idx', xen_ulong_t],
  ['gpfn', xen_pfn_t],
]);

export const XENMAPIDX_grant_table_status = 0x80000000;

export const XENMEM_add_to_physmap_batch = 23;

export const xen_add_to_physmap_batch_extra = union('xen_add_to_physmap_batch_extra', [
  ['foreign_domid', domid_t],
  ['res0', uint16_t],
]);

export const xen_add_to_physmap_batch = struct('xen_add_to_physmap_batch', [
  ['domid', domid_t],
  ['space', uint16_t],
  ['size', uint16_t],
  ['u', xen_add_to_physmap_batch_extra],
  ['idxs', handle('xen_ulong_t')],
  ['gpfns', handle('xen_pfn_t')],
  ['errs', handle('int')],
]);

export const XENMEM_remove_from_physmap = 15;

export const xen_remove_from_physmap = struct('xen_remove_from_physmap', [
  ['domid', domid_t],
  ['gpfn', xen_pfn_t],
]);

export const XENMEM_memory_map = 9;

export const xen_memory_map = struct('xen_memory_map', [
  ['nr_entries', unsigned_int],
  ['buffer', handle('void')],
]);

export const XENMEM_machine_memory_map = 10;
export const XENMEM_set_memory_map = 13;

export const xen_foreign_memory_map = struct('xen_foreign_memory_map', [
  ['domid', domid_t],
  ['map', xen_memory_map],
]);

export const XENMEM_set_pod_target = 16;
export const XENMEM_get_pod_target = 17;

export const xen_pod_target = struct('xen_pod_target', [
  ['target_pages', uint64_t],
  ['tot_pages', uint64_t],
  ['pod_cache_pages', uint64_t],
  ['pod_entries', uint64_t],
  ['domid', domid_t],
]);

export const XENMEM_get_sharing_freed_pages = 18;
export const XENMEM_get_sharing_shared_pages = 19;
export const XENMEM_paging_op = 20;
export const XENMEM_paging_op_nominate = 0;
export const XENMEM_paging_op_evict = 1;
export const XENMEM_paging_op_prep = 2;

export const xen_mem_paging_op = struct('xen_mem_paging_op', [
  ['op', uint8_t],
  ['domain', domid_t],
  ['buffer', handle64('const_uint8')],
  ['gfn', uint64_aligned_t],
]);

export const XENMEM_access_op = 21;
export const XENMEM_access_op_set_access = 0;
export const XENMEM_access_op_get_access = 1;
export const XENMEM_access_op_set_access_multi = 4;
export const XENMEM_access_n = 0;
export const XENMEM_access_r = 1;
export const XENMEM_access_w = 2;
export const XENMEM_access_rw = 3;
export const XENMEM_access_x = 4;
export const XENMEM_access_rx = 5;
export const XENMEM_access_wx = 6;
export const XENMEM_access_rwx = 7;
export const XENMEM_access_rx2rw = 8;
export const XENMEM_access_n2rwx = 9;
export const XENMEM_access_default = 10;

export const xenmem_access_t = scalar('xenmem_access_t', 'u32');

export const xen_mem_access_op = struct('xen_mem_access_op', [
  ['op', uint8_t],
  ['access', uint8_t],
  ['domid', domid_t],
  ['nr', uint32_t],
  ['pfn', uint64_aligned_t],
  ['pfn_list', handle('const_uint64')],
  ['access_list', handle('const_uint8')],
]);

export const XENMEM_sharing_op = 22;
export const XENMEM_sharing_op_nominate_gfn = 0;
export const XENMEM_sharing_op_nominate_gref = 1;
export const XENMEM_sharing_op_share = 2;
export const XENMEM_sharing_op_debug_gfn = 3;
export const XENMEM_sharing_op_debug_mfn = 4;
export const XENMEM_sharing_op_debug_gref = 5;
export const XENMEM_sharing_op_add_physmap = 6;
export const XENMEM_sharing_op_audit = 7;
export const XENMEM_sharing_op_range_share = 8;
export const XENMEM_sharing_op_fork = 9;
export const XENMEM_sharing_op_fork_reset = 10;
export const XENMEM_SHARING_OP_S_HANDLE_INVALID = -10;
export const XENMEM_SHARING_OP_C_HANDLE_INVALID = -9;
export const XENMEM_SHARING_OP_FIELD_IS_GREF_FLAG = 0x4000000000000000n;

export const mem_sharing_op_nominate = struct('mem_sharing_op_nominate', [
  [
    'u',
    inlineUnion([
      ['gfn', uint64_aligned_t],
      ['grant_ref', uint32_t],
    ]),
  ],
  ['handle', uint64_aligned_t],
]);

export const mem_sharing_op_share = struct('mem_sharing_op_share', [
  ['source_gfn', uint64_aligned_t],
  ['source_handle', uint64_aligned_t],
  ['client_gfn', uint64_aligned_t],
  ['client_handle', uint64_aligned_t],
  ['client_domain', domid_t],
]);

export const mem_sharing_op_range = struct('mem_sharing_op_range', [
  ['first_gfn', uint64_aligned_t],
  ['last_gfn', uint64_aligned_t],
  ['opaque', uint64_aligned_t],
  ['client_domain', domid_t],
  ['_pad', uint16_t, 3],
]);

export const mem_sharing_op_debug = struct('mem_sharing_op_debug', [
  [
    'u',
    inlineUnion([
      ['gfn', uint64_aligned_t],
      ['mfn', uint64_aligned_t],
      ['gref', uint32_t],
    ]),
  ],
]);

export const mem_sharing_op_fork = struct('mem_sharing_op_fork', [
  ['parent_domain', domid_t],
  ['flags', uint16_t],
  ['pad', uint32_t],
]);

export const xen_mem_sharing_op = struct('xen_mem_sharing_op', [
  ['op', uint8_t],
  ['domain', domid_t],
  [
    'u',
    inlineUnion([
      ['nominate', mem_sharing_op_nominate],
      ['share', mem_sharing_op_share],
      ['range', mem_sharing_op_range],
      ['debug', mem_sharing_op_debug],
      ['fork', mem_sharing_op_fork],
    ]),
  ],
]);

export const XENMEM_FORK_WITH_IOMMU_ALLOWED = 1 << 0;
export const XENMEM_FORK_BLOCK_INTERRUPTS = 1 << 1;
export const XENMEM_FORK_RESET_STATE = 1 << 2;
export const XENMEM_FORK_RESET_MEMORY = 1 << 3;
export const XENMEM_claim_pages = 24;
export const XENMEM_reserved_device_memory_map = 27;

export const xen_reserved_device_memory = struct('xen_reserved_device_memory', [
  ['start_pfn', xen_pfn_t],
  ['nr_pages', xen_ulong_t],
]);

export const xen_reserved_device_memory_map = struct('xen_reserved_device_memory_map', [
  ['flags', uint32_t],
  ['nr_entries', unsigned_int],
  ['buffer', handle('xen_reserved_device_memory_t')],
  ['dev', inlineUnion([['pci', typedef(physdev_pci_device)]])],
]);

export const XENMEM_RDM_ALL = 1;
export const XENMEM_acquire_resource = 28;

export const xen_mem_acquire_resource = struct('xen_mem_acquire_resource', [
  ['domid', domid_t],
  ['type', uint16_t],
  ['id', uint32_t],
  ['nr_frames', uint32_t],
  ['pad', uint32_t],
  ['frame', uint64_t],
  ['frame_list', handle('xen_pfn_t')],
]);

export const XENMEM_resource_ioreq_server = 0;
export const XENMEM_resource_grant_table = 1;
export const XENMEM_resource_vmtrace_buf = 2;
export const XENMEM_resource_grant_table_id_shared = 0;
export const XENMEM_resource_grant_table_id_status = 1;
export const XENMEM_resource_ioreq_server_frame_bufioreq = 0;
export const XENMEM_get_vnumainfo = 26;

export const xen_vmemrange = struct('xen_vmemrange', [
  ['start', uint64_t],
  ['end', uint64_t],
  ['flags', unsigned_int],
  ['nid', unsigned_int],
]);

export const xen_vnuma_topology_info = struct('xen_vnuma_topology_info', [
  ['domid', domid_t],
  ['pad', uint16_t],
  ['nr_vnodes', unsigned_int],
  ['nr_vcpus', unsigned_int],
  ['nr_vmemranges', unsigned_int],
  [
    'vdistance',
    inlineUnion([
      ['h', handle('uint')],
      ['pad', uint64_t],
    ]),
  ],
  [
    'vcpu_to_vnode',
    inlineUnion([
      ['h', handle('uint')],
      ['pad', uint64_t],
    ]),
  ],
  [
    'vmemrange',
    inlineUnion([
      ['h', handle('xen_vmemrange_t')],
      ['pad', uint64_t],
    ]),
  ],
]);
