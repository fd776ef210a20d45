/** Offsets of operating registers, for the driver and for its SCRIPTS. @see LSI53C895A technical manual, chapter 4 */
export const SCNTL0 = 0x00;
export const SCNTL1 = 0x01;
export const SCNTL2 = 0x02;
export const SCID = 0x04;
export const DSTAT = 0x0c;
export const DSA = 0x10;
export const ISTAT = 0x14;
export const CTEST2 = 0x1a;
export const TEMP = 0x1c;
export const DSP = 0x2c;
export const SCRATCHA = 0x34;
export const DIEN = 0x39;
export const DCNTL = 0x3b;
export const SIEN = 0x40;
export const SIST = 0x42;
export const STIME0 = 0x48;
export const RESPID = 0x4a;
export const SIDL = 0x50;
export const CCNTL0 = 0x56;
export const PMJAD1 = 0xc0;
export const PMJAD2 = 0xc4;
export const RBC = 0xc8;
export const UA = 0xcc;
export const ESA = 0xd0;
export const IA = 0xd4;

export const SCNTL0_FULL_ARBITRATION = 0xc0;
export const SCNTL1_RST = 0x08;
export const SCNTL2_EXPECT_DISCONNECT = 0x7f;
export const SCID_RESELECTABLE = 0x40;
export const DCNTL_COM = 0x01;
export const CCNTL0_ENPMJ = 0x80;

export const ISTAT_DIP = 0x01;
export const ISTAT_SIP = 0x02;
export const ISTAT_INTF = 0x04;
export const ISTAT_SIGP = 0x20;
export const ISTAT_SRST = 0x40;

/** Interrupts of DSTAT: bus fault, abort, SCRIPTS interrupt, illegal instruction. */
export const DIEN_ALL = 0x35;
/** Of SIST0 and, above it, SIST1: phase mismatch, gross error, unexpected disconnect, reset, parity; selection timeout. */
export const SIEN_ALL = 0x048f;
export const SIST_RST = 0x0002;
export const SIST_STO = 0x0400;
/** 250 ms for a selection. */
export const STIME0_SELECTION = 0x0c;
