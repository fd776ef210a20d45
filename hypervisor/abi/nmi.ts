/**
 * Non-maskable interrupts of PV guests.
 * @see nmi.h
 */
import {struct, unsigned_long} from './ctype.ts';

export const _XEN_NMIREASON_io_error = 0;
export const XEN_NMIREASON_io_error = 1 << _XEN_NMIREASON_io_error;
export const _XEN_NMIREASON_pci_serr = 1;
export const XEN_NMIREASON_pci_serr = 1 << _XEN_NMIREASON_pci_serr;
export const _XEN_NMIREASON_unknown = 2;
export const XEN_NMIREASON_unknown = 1 << _XEN_NMIREASON_unknown;

export const XENNMI_register_callback = 0;

export const xennmi_callback = struct('xennmi_callback', [
  ['handler_address', unsigned_long],
  ['pad', unsigned_long],
]);

export const XENNMI_unregister_callback = 1;
