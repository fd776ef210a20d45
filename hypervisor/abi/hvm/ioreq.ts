/**
 * How emulated I/O travels to a device model: the ioreq pages and the ACPI port numbers.
 * @see hvm/ioreq.h
 */
import {bits, struct, typedef, uint16_t, uint32_t, uint64_t, uint8_t} from '../ctype.ts';

export const IOREQ_READ = 1;
export const IOREQ_WRITE = 0;

export const STATE_IOREQ_NONE = 0;
export const STATE_IOREQ_READY = 1;
export const STATE_IOREQ_INPROCESS = 2;
export const STATE_IORESP_READY = 3;

export const IOREQ_TYPE_PIO = 0;
export const IOREQ_TYPE_COPY = 1;
export const IOREQ_TYPE_PCI_CONFIG = 2;
export const IOREQ_TYPE_TIMEOFFSET = 7;
export const IOREQ_TYPE_INVALIDATE = 8;

/** One emulated access of a vCPU: state NONE, READY, INPROCESS, RESP_READY. */
export const ioreq = struct('ioreq', [
  ['addr', uint64_t],
  ['data', uint64_t],
  ['count', uint32_t],
  ['size', uint32_t],
  ['vp_eport', uint32_t],
  ['_pad0', uint16_t],
  ['state', bits(uint8_t, 4)],
  ['data_is_ptr', bits(uint8_t, 1)],
  ['dir', bits(uint8_t, 1)],
  ['df', bits(uint8_t, 1)],
  ['_pad1', bits(uint8_t, 1)],
  ['type', uint8_t],
]);

export const shared_iopage = struct('shared_iopage', [['vcpu_ioreq', ioreq, 1]]);

/** 8 bytes, so that 511 of them and two pointers fill a page. */
export const buf_ioreq = struct('buf_ioreq', [
  ['type', uint8_t],
  ['pad', bits(uint8_t, 1)],
  ['dir', bits(uint8_t, 1)],
  ['size', bits(uint8_t, 2)],
  ['addr', bits(uint32_t, 20)],
  ['data', uint32_t],
]);

export const IOREQ_BUFFER_SLOT_NUM = 511;

export const buffered_iopage = struct('buffered_iopage', [
  ['read_pointer', uint32_t],
  ['write_pointer', uint32_t],
  ['buf_ioreq', typedef(buf_ioreq), IOREQ_BUFFER_SLOT_NUM],
]);

export const ACPI_PM1A_EVT_BLK_ADDRESS_V0 = 0x1f40;
export const ACPI_PM1A_CNT_BLK_ADDRESS_V0 = ACPI_PM1A_EVT_BLK_ADDRESS_V0 + 0x04;
export const ACPI_PM_TMR_BLK_ADDRESS_V0 = ACPI_PM1A_EVT_BLK_ADDRESS_V0 + 0x08;
export const ACPI_GPE0_BLK_ADDRESS_V0 = ACPI_PM_TMR_BLK_ADDRESS_V0 + 0x20;
export const ACPI_GPE0_BLK_LEN_V0 = 0x08;

export const ACPI_PM1A_EVT_BLK_ADDRESS_V1 = 0xb000;
export const ACPI_PM1A_CNT_BLK_ADDRESS_V1 = ACPI_PM1A_EVT_BLK_ADDRESS_V1 + 0x04;
export const ACPI_PM_TMR_BLK_ADDRESS_V1 = ACPI_PM1A_EVT_BLK_ADDRESS_V1 + 0x08;
export const ACPI_GPE0_BLK_ADDRESS_V1 = 0xafe0;
export const ACPI_GPE0_BLK_LEN_V1 = 0x04;

export const ACPI_PM1A_EVT_BLK_ADDRESS = ACPI_PM1A_EVT_BLK_ADDRESS_V0;
export const ACPI_PM1A_CNT_BLK_ADDRESS = ACPI_PM1A_CNT_BLK_ADDRESS_V0;
export const ACPI_PM_TMR_BLK_ADDRESS = ACPI_PM_TMR_BLK_ADDRESS_V0;
export const ACPI_GPE0_BLK_ADDRESS = ACPI_GPE0_BLK_ADDRESS_V0;
export const ACPI_GPE0_BLK_LEN = ACPI_GPE0_BLK_LEN_V0;
