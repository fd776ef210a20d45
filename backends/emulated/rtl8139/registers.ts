import type {Register} from '../registers/index.ts';

/** Causes of an interrupt, bits of ISR and IMR. @see RTL8139C+ datasheet, "Interrupt Status Register" */
export const ISR_ROK = 1 << 0;
export const ISR_RER = 1 << 1;
export const ISR_TOK = 1 << 2;
export const ISR_TER = 1 << 3;
/** Receive buffer overflow; in C+ mode: no receive descriptor. */
export const ISR_RXOVW = 1 << 4;
/** Packet underrun, or the link has changed. */
export const ISR_PUN = 1 << 5;
export const ISR_TIMEOUT = 1 << 14;
const ISR_BITS = 0xe1ff;

/** CR */
export const CR_BUFE = 1 << 0;
export const CR_TE = 1 << 2;
export const CR_RE = 1 << 3;
export const CR_RST = 1 << 4;

/** TCR */
export const TCR_LOOPBACK = 3 << 17;
/** An RTL8139C+, as its HWVERID bits say. */
const TCR_VERSION = 0x74800000;

/** RCR */
export const RCR_AAP = 1 << 0;
export const RCR_APM = 1 << 1;
export const RCR_AM = 1 << 2;
export const RCR_AB = 1 << 3;
export const RCR_WRAP = 1 << 7;
export const RCR_RBLEN_SHIFT = 11;

/** TSD of C mode. */
export const TSD_SIZE = 0x1fff;
export const TSD_OWN = 1 << 13;
export const TSD_TUN = 1 << 14;
export const TSD_TOK = 1 << 15;
export const TSD_TABT = 1 << 30;
export const TSD_WRITABLE = 0x003f3fff;

/** 9346CR: its two upper bits say what the lower ones are for. */
export const EEM_MASK = 0xc0;
export const EEM_AUTOLOAD = 0x40;
export const EEM_PROGRAMMING = 0x80;
export const EEM_CONFIG_WRITE = 0xc0;
export const EECS = 1 << 3;
export const EESK = 1 << 2;
export const EEDI = 1 << 1;
export const EEDO = 1 << 0;

/** BMCR, of an MII. */
export const BMCR_RESET = 1 << 15;
export const BMCR_RESTART = 1 << 9;
export const BMSR_LINK = 1 << 2;

/** MSR: the link is down. */
export const MSR_LINKB = 1 << 2;
export const CSCR_LINK_CHANGED = 1 << 11;

/** CPCR */
export const CPCR_CPTX = 1 << 0;
export const CPCR_CPRX = 1 << 1;
export const CPCR_RX_CHECKSUM = 1 << 5;
export const CPCR_RX_VLAN = 1 << 6;

/** TPPoll */
export const TPPOLL_HIGH = 1 << 7;
export const TPPOLL_NORMAL = 1 << 6;

/** DTCCR, which lies where TSD0 is: dump the tally counters. */
export const DTCCR_CMD = 1 << 3;

const tsd = ['TSD0', 'TSD1', 'TSD2', 'TSD3'] as const;
const tsadn = ['TSAD0', 'TSAD1', 'TSAD2', 'TSAD3'] as const;
export const TSD = tsd;
export const TSADN = tsadn;

/**
 * The registers of an RTL8139C+, in both BARs. Once C+ mode is on, TSD0 and TSD1 are DTCCR, TSAD0 and TSAD1 are TNPDS, and
 * TSAD2 and TSAD3 are THPDS. What is `ro` and can be written after all is kept by its hook.
 */
export const registerTable = [
  {name: 'IDR0', offset: 0x00, size: 4, access: 'rw'},
  {name: 'IDR4', offset: 0x04, size: 4, access: 'rw', mask: 0xffff},
  {name: 'MAR0', offset: 0x08, size: 4, access: 'rw'},
  {name: 'MAR4', offset: 0x0c, size: 4, access: 'rw'},
  ...tsd.map((name, slot) => ({name, offset: 0x10 + slot * 4, size: 4, reset: TSD_OWN, access: 'rw'}) as const),
  ...tsadn.map((name, slot) => ({name, offset: 0x20 + slot * 4, size: 4, access: 'rw'}) as const),
  {name: 'RBSTART', offset: 0x30, size: 4, access: 'rw'},
  {name: 'ERBCR', offset: 0x34, size: 2, access: 'ro'},
  {name: 'ERSR', offset: 0x36, size: 1, access: 'ro'},
  {name: 'CR', offset: 0x37, size: 1, access: 'rw', mask: CR_TE | CR_RE},
  {name: 'CAPR', offset: 0x38, size: 2, reset: 0xfff0, access: 'rw'},
  {name: 'CBR', offset: 0x3a, size: 2, access: 'ro'},
  {name: 'IMR', offset: 0x3c, size: 2, access: 'rw', mask: ISR_BITS},
  {name: 'ISR', offset: 0x3e, size: 2, access: 'w1c', mask: ISR_BITS},
  {name: 'TCR', offset: 0x40, size: 4, reset: TCR_VERSION, access: 'rw', mask: 0x030707f0},
  {name: 'RCR', offset: 0x44, size: 4, access: 'rw', mask: 0x0f03ffbf},
  {name: 'TCTR', offset: 0x48, size: 4, access: 'ro'},
  {name: 'MPC', offset: 0x4c, size: 4, access: 'ro'},
  {name: '9346CR', offset: 0x50, size: 1, access: 'rw', mask: EEM_MASK | EECS | EESK | EEDI},
  {name: 'CONFIG0', offset: 0x51, size: 1, access: 'ro'},
  {name: 'CONFIG1', offset: 0x52, size: 1, reset: 0x0c, access: 'ro'},
  {name: 'TimerInt', offset: 0x54, size: 4, access: 'rw'},
  {name: 'MSR', offset: 0x58, size: 1, reset: 0xd0, access: 'ro'},
  {name: 'CONFIG3', offset: 0x59, size: 1, reset: 0x01, access: 'ro'},
  {name: 'CONFIG4', offset: 0x5a, size: 1, access: 'ro'},
  {name: 'MULINT', offset: 0x5c, size: 2, access: 'rw', mask: 0x0fff},
  {name: 'RERID', offset: 0x5e, size: 1, reset: 0x20, access: 'ro'},
  {name: 'TSAD', offset: 0x60, size: 2, access: 'ro'},
  {name: 'BMCR', offset: 0x62, size: 2, reset: 0x3100, access: 'rw', mask: 0x3100},
  {name: 'BMSR', offset: 0x64, size: 2, reset: 0x7829, access: 'ro'},
  {name: 'ANAR', offset: 0x66, size: 2, reset: 0x05e1, access: 'rw'},
  {name: 'ANLPAR', offset: 0x68, size: 2, reset: 0x45e1, access: 'ro'},
  {name: 'ANER', offset: 0x6a, size: 2, reset: 0x0001, access: 'ro'},
  {name: 'CSCR', offset: 0x74, size: 2, reset: 0x0348, access: 'ro'},
  {name: 'CONFIG5', offset: 0xd8, size: 1, access: 'rw', mask: 0x7f},
  {name: 'TPPoll', offset: 0xd9, size: 1, access: 'wo'},
  {name: 'CPCR', offset: 0xe0, size: 2, access: 'rw', mask: 0x007b},
  {name: 'IntrMitigate', offset: 0xe2, size: 2, access: 'rw'},
  {name: 'RDSAR', offset: 0xe4, size: 4, access: 'rw'},
  {name: 'RDSARHigh', offset: 0xe8, size: 4, access: 'rw'},
  {name: 'ETThR', offset: 0xec, size: 1, access: 'rw', mask: 0x3f},
] as const satisfies readonly Register[];

export type Rtl8139Register = (typeof registerTable)[number]['name'];

/** Registers that a software reset leaves alone. @see datasheet, "Command Register", RST */
export const KEPT_BY_RESET = ['IDR0', 'IDR4', 'MAR0', 'MAR4', '9346CR'] as const;

/** Bits of the configuration registers that can be written while 9346CR unlocks them. */
export const CONFIG_MASKS = {CONFIG0: 0x07, CONFIG1: 0xf3, CONFIG3: 0x70, CONFIG4: 0xf5} as const;
