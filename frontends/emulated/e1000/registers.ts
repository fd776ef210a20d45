/** Registers of an 82540EM: offsets from its BAR 0, and their bits. @see Intel, 317453, "Register Descriptions" */
export const CTRL = 0x0000;
export const STATUS = 0x0008;
export const ICR = 0x00c0;
export const ITR = 0x00c4;
export const IMS = 0x00d0;
export const IMC = 0x00d8;
export const RCTL = 0x0100;
export const TCTL = 0x0400;
export const TIPG = 0x0410;
export const RDBAL = 0x2800;
export const RDBAH = 0x2804;
export const RDLEN = 0x2808;
export const RDH = 0x2810;
export const RDT = 0x2818;
export const TDBAL = 0x3800;
export const TDBAH = 0x3804;
export const TDLEN = 0x3808;
export const TDH = 0x3810;
export const TDT = 0x3818;
export const RXCSUM = 0x5000;
export const RAL0 = 0x5400;
export const RAH0 = 0x5404;

export const CTRL_SLU = 1 << 6;
export const CTRL_RST = 1 << 26;
export const STATUS_LU = 1 << 1;

export const ICR_TXDW = 1 << 0;
export const ICR_LSC = 1 << 2;
export const ICR_RXDMT0 = 1 << 4;
export const ICR_RXO = 1 << 6;
export const ICR_RXT0 = 1 << 7;

/** RCTL: on; all multicast, broadcast; the FCS is stripped. Buffers of 2 KiB are 0. */
export const RCTL_EN = 1 << 1;
export const RCTL_MPE = 1 << 4;
export const RCTL_BAM = 1 << 15;
export const RCTL_SECRC = 1 << 26;

/** TCTL: on, short frames are padded. */
export const TCTL_EN = 1 << 1;
export const TCTL_PSP = 1 << 3;
/** Gaps between frames on copper. @see 317453, "Transmit IPG Register" */
export const TIPG_COPPER = 10 | (8 << 10) | (6 << 20);

export const RXCSUM_TUOFL = 1 << 9;

/** Commands of a transmit descriptor, with its length. */
export const TXD_EOP = 1 << 24;
export const TXD_IFCS = 1 << 25;
export const TXD_RS = 1 << 27;
/** Its status, in the fourth word. */
export const TXD_DD = 1 << 0;

/** Status and errors of a receive descriptor, in the fourth word. */
export const RXD_DD = 1 << 0;
export const RXD_EOP = 1 << 1;
/** CE, SE, SEQ and RXE: the frame is damaged. */
export const RXD_DAMAGED = 0x97 << 8;
