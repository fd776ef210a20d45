/**
 * Physical interrupts, I/O ports and PCI devices.
 * @see physdev.h
 */
import {xen_pfn_t} from './arch-x86/xen.ts';
import {
  FLEXIBLE,
  handle,
  inlineStruct,
  inlineUnion,
  int,
  struct,
  typedef,
  uint16_t,
  uint32_t,
  uint64_t,
  uint8_t,
  unsigned_long,
} from './ctype.ts';
import {domid_t} from './xen.ts';

export const PHYSDEVOP_eoi = 12;

export const physdev_eoi = struct('physdev_eoi', [['irq', uint32_t]]);

export const PHYSDEVOP_pirq_eoi_gmfn_v1 = 17;
export const PHYSDEVOP_pirq_eoi_gmfn_v2 = 28;

export const physdev_pirq_eoi_gmfn = struct('physdev_pirq_eoi_gmfn', [['gmfn', xen_pfn_t]]);

export const PHYSDEVOP_irq_status_query = 5;

export const physdev_irq_status_query = struct('physdev_irq_status_query', [
  ['irq', uint32_t],
  ['flags', uint32_t],
]);

export const _XENIRQSTAT_needs_eoi = 0;
export const XENIRQSTAT_needs_eoi = 1 << _XENIRQSTAT_needs_eoi;
export const _XENIRQSTAT_shared = 1;
export const XENIRQSTAT_shared = 1 << _XENIRQSTAT_shared;

export const PHYSDEVOP_set_iopl = 6;

export const physdev_set_iopl = struct('physdev_set_iopl', [['iopl', uint32_t]]);

export const PHYSDEVOP_set_iobitmap = 7;

export const physdev_set_iobitmap = struct('physdev_set_iobitmap', [
  ['bitmap', handle('uint8')],
  ['nr_ports', uint32_t],
]);

export const PHYSDEVOP_apic_read = 8;
export const PHYSDEVOP_apic_write = 9;

export const physdev_apic = struct('physdev_apic', [
  ['apic_physbase', unsigned_long],
  ['reg', uint32_t],
  ['value', uint32_t],
]);

export const PHYSDEVOP_alloc_irq_vector = 10;
export const PHYSDEVOP_free_irq_vector = 11;

export const physdev_irq = struct('physdev_irq', [
  ['irq', uint32_t],
  ['vector', uint32_t],
]);

export const MAP_PIRQ_TYPE_MSI = 0x0;
export const MAP_PIRQ_TYPE_GSI = 0x1;
export const MAP_PIRQ_TYPE_UNKNOWN = 0x2;
export const MAP_PIRQ_TYPE_MSI_SEG = 0x3;
export const MAP_PIRQ_TYPE_MULTI_MSI = 0x4;

export const PHYSDEVOP_map_pirq = 13;

export const physdev_map_pirq = struct('physdev_map_pirq', [
  ['domid', domid_t],
  ['type', int],
  ['index', int],
  ['pirq', int],
  ['bus', int],
  ['devfn', int],
  ['entry_nr', int],
  ['table_base', uint64_t],
]);

export const PHYSDEVOP_unmap_pirq = 14;

export const physdev_unmap_pirq = struct('physdev_unmap_pirq', [
  ['domid', domid_t],
  ['pirq', int],
]);

export const PHYSDEVOP_manage_pci_add = 15;
export const PHYSDEVOP_manage_pci_remove = 16;

export const physdev_manage_pci = struct('physdev_manage_pci', [
  ['bus', uint8_t],
  ['devfn', uint8_t],
]);

export const PHYSDEVOP_restore_msi = 19;

export const physdev_restore_msi = struct('physdev_restore_msi', [
  ['bus', uint8_t],
  ['devfn', uint8_t],
]);

export const PHYSDEVOP_manage_pci_add_ext = 20;

export const physdev_manage_pci_ext = struct('physdev_manage_pci_ext', [
  ['bus', uint8_t],
  ['devfn', uint8_t],
  ['is_extfn', uint32_t],
  ['is_virtfn', uint32_t],
  [
    'physfn',
    inlineStruct([
      ['bus', uint8_t],
      ['devfn', uint8_t],
    ]),
  ],
]);

export const physdev_op = struct('physdev_op', [
  ['cmd', uint32_t],
  [
    'u',
    inlineUnion([
      ['irq_status_query', typedef(physdev_irq_status_query)],
      ['set_iopl', typedef(physdev_set_iopl)],
      ['set_iobitmap', typedef(physdev_set_iobitmap)],
      ['apic_op', typedef(physdev_apic)],
      ['irq_op', typedef(physdev_irq)],
    ]),
  ],
]);

export const PHYSDEVOP_setup_gsi = 21;

export const physdev_setup_gsi = struct('physdev_setup_gsi', [
  ['gsi', int],
  ['triggering', uint8_t],
  ['polarity', uint8_t],
]);

export const PHYSDEVOP_get_free_pirq = 23;

export const physdev_get_free_pirq = struct('physdev_get_free_pirq', [
  ['type', int],
  ['pirq', uint32_t],
]);

export const XEN_PCI_MMCFG_RESERVED = 0x1;

export const PHYSDEVOP_pci_mmcfg_reserved = 24;

export const physdev_pci_mmcfg_reserved = struct('physdev_pci_mmcfg_reserved', [
  ['address', uint64_t],
  ['segment', uint16_t],
  ['start_bus', uint8_t],
  ['end_bus', uint8_t],
  ['flags', uint32_t],
]);

export const XEN_PCI_DEV_EXTFN = 0x1;
export const XEN_PCI_DEV_VIRTFN = 0x2;
export const XEN_PCI_DEV_PXM = 0x4;

export const PHYSDEVOP_pci_device_add = 25;

export const physdev_pci_device_add = struct('physdev_pci_device_add', [
  ['seg', uint16_t],
  ['bus', uint8_t],
  ['devfn', uint8_t],
  ['flags', uint32_t],
  [
    'physfn',
    inlineStruct([
      ['bus', uint8_t],
      ['devfn', uint8_t],
    ]),
  ],
  ['optarr', uint32_t, FLEXIBLE],
]);

export const PHYSDEVOP_pci_device_remove = 26;
export const PHYSDEVOP_restore_msi_ext = 27;
export const PHYSDEVOP_prepare_msix = 30;
export const PHYSDEVOP_release_msix = 31;

export const physdev_pci_device = struct('physdev_pci_device', [
  ['seg', uint16_t],
  ['bus', uint8_t],
  ['devfn', uint8_t],
]);

export const PHYSDEVOP_DBGP_RESET_PREPARE = 1;
export const PHYSDEVOP_DBGP_RESET_DONE = 2;
export const PHYSDEVOP_DBGP_BUS_UNKNOWN = 0;
export const PHYSDEVOP_DBGP_BUS_PCI = 1;
export const PHYSDEVOP_dbgp_op = 29;

export const physdev_dbgp_op = struct('physdev_dbgp_op', [
  ['op', uint8_t],
  ['bus', uint8_t],
  ['u', inlineUnion([['pci', typedef(physdev_pci_device)]])],
]);

export const PHYSDEVOP_IRQ_UNMASK_NOTIFY = 4;
export const PHYSDEVOP_pirq_eoi_gmfn = 28;
