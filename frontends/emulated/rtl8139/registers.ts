/** Registers of an RTL8139 in C mode: offsets of its ports, and their bits. @see RTL8139 programming guide */
export const IDR0 = 0x00;
export const MAR0 = 0x08;
export const TSD0 = 0x10;
export const TSAD0 = 0x20;
export const RBSTART = 0x30;
export const CR = 0x37;
export const CAPR = 0x38;
export const IMR = 0x3c;
export const ISR = 0x3e;
export const TCR = 0x40;
export const RCR = 0x44;
export const MPC = 0x4c;
export const CR9346 = 0x50;
export const MSR = 0x58;

export const CR_BUFE = 1 << 0;
export const CR_TE = 1 << 2;
export const CR_RE = 1 << 3;
export const CR_RST = 1 << 4;

export const ISR_ROK = 1 << 0;
export const ISR_RER = 1 << 1;
export const ISR_TOK = 1 << 2;
export const ISR_TER = 1 << 3;
export const ISR_RXOVW = 1 << 4;
export const ISR_PUN = 1 << 5;
export const ISR_FOVW = 1 << 6;
export const ISR_SERR = 1 << 15;

/** TSD: the frame was sent, came too slowly, or was given up. */
export const TSD_TUN = 1 << 14;
export const TSD_TOK = 1 << 15;
export const TSD_TABT = 1 << 30;

/** RCR: frames to our address, multicast, broadcast. */
export const RCR_APM = 1 << 1;
export const RCR_AM = 1 << 2;
export const RCR_AB = 1 << 3;
/** Frames may lie over the end of the ring. */
export const RCR_WRAP = 1 << 7;
/** DMA without a limit, once the whole frame is there. */
export const RCR_MXDMA_UNLIMITED = 7 << 8;
export const RCR_RXFTH_NONE = 7 << 13;
export const RCR_RBLEN_32K = 2 << 11;

/** TCR: bursts of 2 KiB, the gap between frames that IEEE 802.3 says. */
export const TCR_MXDMA_2K = 7 << 8;
export const TCR_IFG_STANDARD = 3 << 24;
export const TCR_CLRABT = 1 << 0;

export const CR9346_UNLOCK = 0xc0;
export const MSR_LINKB = 1 << 2;
