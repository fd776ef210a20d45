/**
 * PCI passthrough: one operation at a time on a shared page.
 * @see pciif.h
 */
import {int32_t, struct, uint16_t, uint32_t} from '../ctype.ts';

export const XEN_PCI_MAGIC = '7';

export const _XEN_PCIF_active = 0;
export const XEN_PCIF_active = 1 << _XEN_PCIF_active;
export const _XEN_PCIB_AERHANDLER = 1;
export const XEN_PCIB_AERHANDLER = 1 << _XEN_PCIB_AERHANDLER;
export const _XEN_PCIB_active = 2;
export const XEN_PCIB_active = 1 << _XEN_PCIB_active;

export const XEN_PCI_OP_conf_read = 0;
export const XEN_PCI_OP_conf_write = 1;
export const XEN_PCI_OP_enable_msi = 2;
export const XEN_PCI_OP_disable_msi = 3;
export const XEN_PCI_OP_enable_msix = 4;
export const XEN_PCI_OP_disable_msix = 5;
export const XEN_PCI_OP_aer_detected = 6;
export const XEN_PCI_OP_aer_resume = 7;
export const XEN_PCI_OP_aer_mmio = 8;
export const XEN_PCI_OP_aer_slotreset = 9;
export const XEN_PCI_OP_enable_multi_msi = 10;
export const XEN_PCI_ERR_success = 0;
export const XEN_PCI_ERR_dev_not_found = -1;
export const XEN_PCI_ERR_invalid_offset = -2;
export const XEN_PCI_ERR_access_denied = -3;
export const XEN_PCI_ERR_not_implemented = -4;
export const XEN_PCI_ERR_op_failed = -5;

export const SH_INFO_MAX_VEC = 128;

export const xen_msix_entry = struct('xen_msix_entry', [
  ['vector', uint16_t],
  ['entry', uint16_t],
]);

export const xen_pci_op = struct('xen_pci_op', [
  ['cmd', uint32_t],
  ['err', int32_t],
  ['domain', uint32_t],
  ['bus', uint32_t],
  ['devfn', uint32_t],
  ['offset', int32_t],
  ['size', int32_t],
  ['value', uint32_t],
  ['info', uint32_t],
  ['msix_entries', xen_msix_entry, SH_INFO_MAX_VEC],
]);

export const xen_pcie_aer_op = struct('xen_pcie_aer_op', [
  ['cmd', uint32_t],
  ['err', int32_t],
  ['domain', uint32_t],
  ['bus', uint32_t],
  ['devfn', uint32_t],
]);

export const xen_pci_sharedinfo = struct('xen_pci_sharedinfo', [
  ['flags', uint32_t],
  ['op', xen_pci_op],
  ['aer_op', xen_pcie_aer_op],
]);
