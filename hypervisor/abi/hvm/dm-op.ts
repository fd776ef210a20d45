/**
 * Operations of a device model on its HVM guest. 64-bit fields are aligned as for a guest: __XEN_TOOLS__ asks for 8 bytes
 * on x86_32 too, which moves no field.
 * @see hvm/dm_op.h
 */
import {xen_ulong_t} from '../arch-x86/xen.ts';
import {handle, inlineUnion, scalar, struct, typedef, uint16_t, uint32_t, uint64_t, uint8_t} from '../ctype.ts';
import {evtchn_port_t} from '../event-channel.ts';

export const ioservid_t = scalar('ioservid_t', 'u16');

export const XEN_DMOP_create_ioreq_server = 1;

export const xen_dm_op_create_ioreq_server = struct('xen_dm_op_create_ioreq_server', [
  ['handle_bufioreq', uint8_t],
  ['pad', uint8_t, 3],
  ['id', ioservid_t],
]);

export const XEN_DMOP_get_ioreq_server_info = 2;

export const xen_dm_op_get_ioreq_server_info = struct('xen_dm_op_get_ioreq_server_info', [
  ['id', ioservid_t],
  ['flags', uint16_t],
  ['bufioreq_port', evtchn_port_t],
  ['ioreq_gfn', uint64_t],
  ['bufioreq_gfn', uint64_t],
]);

export const _XEN_DMOP_no_gfns = 0;
export const XEN_DMOP_no_gfns = 1 << _XEN_DMOP_no_gfns;
export const XEN_DMOP_map_io_range_to_ioreq_server = 3;
export const XEN_DMOP_unmap_io_range_from_ioreq_server = 4;

export const xen_dm_op_ioreq_server_range = struct('xen_dm_op_ioreq_server_range', [
  ['id', ioservid_t],
  ['pad', uint16_t],
  ['type', uint32_t],
  ['start', uint64_t],
  ['end', uint64_t],
]);

export const XEN_DMOP_IO_RANGE_PORT = 0;
export const XEN_DMOP_IO_RANGE_MEMORY = 1;
export const XEN_DMOP_IO_RANGE_PCI = 2;
export const XEN_DMOP_set_ioreq_server_state = 5;

export const xen_dm_op_set_ioreq_server_state = struct('xen_dm_op_set_ioreq_server_state', [
  ['id', ioservid_t],
  ['enabled', uint8_t],
  ['pad', uint8_t],
]);

export const XEN_DMOP_destroy_ioreq_server = 6;

export const xen_dm_op_destroy_ioreq_server = struct('xen_dm_op_destroy_ioreq_server', [
  ['id', ioservid_t],
  ['pad', uint16_t],
]);

export const XEN_DMOP_track_dirty_vram = 7;

export const xen_dm_op_track_dirty_vram = struct('xen_dm_op_track_dirty_vram', [
  ['nr', uint32_t],
  ['pad', uint32_t],
  ['first_pfn', uint64_t],
]);

export const XEN_DMOP_set_pci_intx_level = 8;

export const xen_dm_op_set_pci_intx_level = struct('xen_dm_op_set_pci_intx_level', [
  ['domain', uint16_t],
  ['bus', uint8_t],
  ['device', uint8_t],
  ['intx', uint8_t],
  ['level', uint8_t],
]);

export const XEN_DMOP_set_isa_irq_level = 9;

export const xen_dm_op_set_isa_irq_level = struct('xen_dm_op_set_isa_irq_level', [
  ['isa_irq', uint8_t],
  ['level', uint8_t],
]);

export const XEN_DMOP_set_pci_link_route = 10;

export const xen_dm_op_set_pci_link_route = struct('xen_dm_op_set_pci_link_route', [
  ['link', uint8_t],
  ['isa_irq', uint8_t],
]);

export const XEN_DMOP_modified_memory = 11;

export const xen_dm_op_modified_memory = struct('xen_dm_op_modified_memory', [
  ['nr_extents', uint32_t],
  ['opaque', uint32_t],
]);

export const xen_dm_op_modified_memory_extent = struct('xen_dm_op_modified_memory_extent', [
  ['nr', uint32_t],
  ['pad', uint32_t],
  ['first_pfn', uint64_t],
]);

export const XEN_DMOP_set_mem_type = 12;

export const xen_dm_op_set_mem_type = struct('xen_dm_op_set_mem_type', [
  ['nr', uint32_t],
  ['mem_type', uint16_t],
  ['pad', uint16_t],
  ['first_pfn', uint64_t],
]);

export const XEN_DMOP_inject_event = 13;

export const xen_dm_op_inject_event = struct('xen_dm_op_inject_event', [
  ['vcpuid', uint32_t],
  ['vector', uint8_t],
  ['type', uint8_t],
  ['insn_len', uint8_t],
  ['pad0', uint8_t],
  ['error_code', uint32_t],
  ['pad1', uint32_t],
  ['cr2', uint64_t],
]);

export const XEN_DMOP_EVENT_ext_int = 0;
export const XEN_DMOP_EVENT_nmi = 2;
export const XEN_DMOP_EVENT_hw_exc = 3;
export const XEN_DMOP_EVENT_sw_int = 4;
export const XEN_DMOP_EVENT_pri_sw_exc = 5;
export const XEN_DMOP_EVENT_sw_exc = 6;
export const XEN_DMOP_inject_msi = 14;

export const xen_dm_op_inject_msi = struct('xen_dm_op_inject_msi', [
  ['data', uint32_t],
  ['pad', uint32_t],
  ['addr', uint64_t],
]);

export const XEN_DMOP_map_mem_type_to_ioreq_server = 15;

export const xen_dm_op_map_mem_type_to_ioreq_server = struct('xen_dm_op_map_mem_type_to_ioreq_server', [
  ['id', ioservid_t],
  ['type', uint16_t],
  ['flags', uint32_t],
  ['opaque', uint64_t],
]);

export const XEN_DMOP_IOREQ_MEM_ACCESS_READ = 1 << 0;
export const XEN_DMOP_IOREQ_MEM_ACCESS_WRITE = 1 << 1;
export const XEN_DMOP_remote_shutdown = 16;

export const xen_dm_op_remote_shutdown = struct('xen_dm_op_remote_shutdown', [['reason', uint32_t]]);

export const XEN_DMOP_relocate_memory = 17;

export const xen_dm_op_relocate_memory = struct('xen_dm_op_relocate_memory', [
  ['size', uint32_t],
  ['pad', uint32_t],
  ['src_gfn', uint64_t],
  ['dst_gfn', uint64_t],
]);

export const XEN_DMOP_pin_memory_cacheattr = 18;

export const xen_dm_op_pin_memory_cacheattr = struct('xen_dm_op_pin_memory_cacheattr', [
  ['start', uint64_t],
  ['end', uint64_t],
  ['type', uint32_t],
  ['pad', uint32_t],
]);

export const XEN_DMOP_MEM_CACHEATTR_UC = 0;
export const XEN_DMOP_MEM_CACHEATTR_WC = 1;
export const XEN_DMOP_MEM_CACHEATTR_WT = 4;
export const XEN_DMOP_MEM_CACHEATTR_WP = 5;
export const XEN_DMOP_MEM_CACHEATTR_WB = 6;
export const XEN_DMOP_MEM_CACHEATTR_UCM = 7;
export const XEN_DMOP_DELETE_MEM_CACHEATTR = 0xffffffff;
export const XEN_DMOP_set_irq_level = 19;

export const xen_dm_op_set_irq_level = struct('xen_dm_op_set_irq_level', [
  ['irq', uint32_t],
  ['level', uint8_t],
  ['pad', uint8_t, 3],
]);

export const XEN_DMOP_nr_vcpus = 20;

export const xen_dm_op_nr_vcpus = struct('xen_dm_op_nr_vcpus', [['vcpus', uint32_t]]);

export const xen_dm_op = struct('xen_dm_op', [
  ['op', uint32_t],
  ['pad', uint32_t],
  [
    'u',
    inlineUnion([
      ['create_ioreq_server', typedef(xen_dm_op_create_ioreq_server)],
      ['get_ioreq_server_info', typedef(xen_dm_op_get_ioreq_server_info)],
      ['map_io_range_to_ioreq_server', typedef(xen_dm_op_ioreq_server_range)],
      ['unmap_io_range_from_ioreq_server', typedef(xen_dm_op_ioreq_server_range)],
      ['set_ioreq_server_state', typedef(xen_dm_op_set_ioreq_server_state)],
      ['destroy_ioreq_server', typedef(xen_dm_op_destroy_ioreq_server)],
      ['track_dirty_vram', typedef(xen_dm_op_track_dirty_vram)],
      ['set_pci_intx_level', typedef(xen_dm_op_set_pci_intx_level)],
      ['set_isa_irq_level', typedef(xen_dm_op_set_isa_irq_level)],
      ['set_irq_level', typedef(xen_dm_op_set_irq_level)],
      ['set_pci_link_route', typedef(xen_dm_op_set_pci_link_route)],
      ['modified_memory', typedef(xen_dm_op_modified_memory)],
      ['set_mem_type', typedef(xen_dm_op_set_mem_type)],
      ['inject_event', typedef(xen_dm_op_inject_event)],
      ['inject_msi', typedef(xen_dm_op_inject_msi)],
      ['map_mem_type_to_ioreq_server', typedef(xen_dm_op_map_mem_type_to_ioreq_server)],
      ['remote_shutdown', typedef(xen_dm_op_remote_shutdown)],
      ['relocate_memory', typedef(xen_dm_op_relocate_memory)],
      ['pin_memory_cacheattr', typedef(xen_dm_op_pin_memory_cacheattr)],
      ['nr_vcpus', typedef(xen_dm_op_nr_vcpus)],
    ]),
  ],
]);

export const xen_dm_op_buf = struct('xen_dm_op_buf', [
  ['h', handle('void')],
  ['size', xen_ulong_t],
]);
