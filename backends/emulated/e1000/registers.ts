import type {Register} from '../registers/index.ts';

/** Bits of the registers, by their names in Intel's manual. @see PCI/PCI-X Family of GbE Controllers SDM, 317453 */
export const CTRL_RST = 1 << 26;
export const CTRL_VME = 1 << 30;
export const CTRL_PHY_RST = 1 << 31;

export const STATUS_LU = 1 << 1;
/** Full duplex, 1000 Mbit/s. */
const STATUS_FIXED = 0x0781;

export const EECD_SK = 1 << 0;
export const EECD_CS = 1 << 1;
export const EECD_DI = 1 << 2;
export const EECD_DO = 1 << 3;
export const EECD_REQ = 1 << 6;
export const EECD_GNT = 1 << 7;
const EECD_PRES = 1 << 8;

export const EERD_START = 1 << 0;
export const EERD_DONE = 1 << 4;
export const EERD_ADDRESS_SHIFT = 8;
export const EERD_DATA_SHIFT = 16;

export const MDIC_REG_SHIFT = 16;
export const MDIC_PHY_SHIFT = 21;
export const MDIC_OP_WRITE = 1 << 26;
export const MDIC_OP_READ = 1 << 27;
export const MDIC_READY = 1 << 28;
export const MDIC_INT = 1 << 29;
export const MDIC_ERROR = 1 << 30;

/** Causes of an interrupt: ICR, ICS, IMS, IMC. */
export const ICR_TXDW = 1 << 0;
export const ICR_TXQE = 1 << 1;
export const ICR_LSC = 1 << 2;
export const ICR_RXDMT0 = 1 << 4;
export const ICR_RXO = 1 << 6;
export const ICR_RXT0 = 1 << 7;
export const ICR_MDAC = 1 << 9;

export const RCTL_EN = 1 << 1;
export const RCTL_SBP = 1 << 2;
export const RCTL_UPE = 1 << 3;
export const RCTL_MPE = 1 << 4;
export const RCTL_LPE = 1 << 5;
export const RCTL_LBM = 3 << 6;
export const RCTL_RDMTS_SHIFT = 8;
export const RCTL_MO_SHIFT = 12;
export const RCTL_BAM = 1 << 15;
export const RCTL_BSIZE_SHIFT = 16;
export const RCTL_VFE = 1 << 18;
export const RCTL_BSEX = 1 << 25;
export const RCTL_SECRC = 1 << 26;

export const TCTL_EN = 1 << 1;
export const TCTL_PSP = 1 << 3;

/** RDTR and TIDV: write what waits now. */
export const FPD = 1 << 31;

export const RXCSUM_IPOFL = 1 << 8;
export const RXCSUM_TUOFL = 1 << 9;

export const RAH_AV = 1 << 31;

const index = 0xffff;
const delay = 0xffff;

/** The registers that are more than numbers in a row: those are in tables of their own. `ro` with a hook is kept by that. */
export const registerTable = [
  {name: 'CTRL', offset: 0x0000, size: 4, reset: 0x00140240, access: 'rw'},
  {name: 'STATUS', offset: 0x0008, size: 4, reset: STATUS_FIXED, access: 'ro'},
  {name: 'EECD', offset: 0x0010, size: 4, reset: EECD_PRES, access: 'rw', mask: 0x77},
  {name: 'EERD', offset: 0x0014, size: 4, access: 'ro'},
  {name: 'CTRL_EXT', offset: 0x0018, size: 4, access: 'rw'},
  {name: 'FLA', offset: 0x001c, size: 4, access: 'rw'},
  {name: 'MDIC', offset: 0x0020, size: 4, reset: MDIC_READY, access: 'ro'},
  {name: 'FCAL', offset: 0x0028, size: 4, access: 'rw'},
  {name: 'FCAH', offset: 0x002c, size: 4, access: 'rw'},
  {name: 'FCT', offset: 0x0030, size: 4, access: 'rw'},
  {name: 'VET', offset: 0x0038, size: 4, reset: 0x8100, access: 'rw', mask: 0xffff},
  {name: 'ICR', offset: 0x00c0, size: 4, access: 'w1c'},
  {name: 'ITR', offset: 0x00c4, size: 4, access: 'rw', mask: delay},
  {name: 'ICS', offset: 0x00c8, size: 4, access: 'ro'},
  {name: 'IMS', offset: 0x00d0, size: 4, access: 'ro'},
  {name: 'IMC', offset: 0x00d8, size: 4, access: 'wo'},
  {name: 'RCTL', offset: 0x0100, size: 4, access: 'rw'},
  {name: 'FCTTV', offset: 0x0170, size: 4, access: 'rw'},
  {name: 'TXCW', offset: 0x0178, size: 4, access: 'rw'},
  {name: 'RXCW', offset: 0x0180, size: 4, access: 'ro'},
  {name: 'TCTL', offset: 0x0400, size: 4, access: 'rw'},
  {name: 'TIPG', offset: 0x0410, size: 4, access: 'rw'},
  {name: 'AIFS', offset: 0x0458, size: 4, access: 'rw', mask: 0xffff},
  {name: 'LEDCTL', offset: 0x0e00, size: 4, reset: 0x0602, access: 'rw'},
  {name: 'PBA', offset: 0x1000, size: 4, reset: 0x00100030, access: 'rw'},
  {name: 'FCRTL', offset: 0x2160, size: 4, access: 'rw'},
  {name: 'FCRTH', offset: 0x2168, size: 4, access: 'rw'},
  {name: 'RDBAL', offset: 0x2800, size: 4, access: 'rw', mask: 0xfffffff0},
  {name: 'RDBAH', offset: 0x2804, size: 4, access: 'rw'},
  {name: 'RDLEN', offset: 0x2808, size: 4, access: 'rw', mask: 0xfff80},
  {name: 'RDH', offset: 0x2810, size: 4, access: 'rw', mask: index},
  {name: 'RDT', offset: 0x2818, size: 4, access: 'rw', mask: index},
  {name: 'RDTR', offset: 0x2820, size: 4, access: 'rw', mask: delay},
  {name: 'RXDCTL', offset: 0x2828, size: 4, access: 'rw'},
  {name: 'RADV', offset: 0x282c, size: 4, access: 'rw', mask: delay},
  {name: 'RSRPD', offset: 0x2c00, size: 4, access: 'rw'},
  {name: 'TDBAL', offset: 0x3800, size: 4, access: 'rw', mask: 0xfffffff0},
  {name: 'TDBAH', offset: 0x3804, size: 4, access: 'rw'},
  {name: 'TDLEN', offset: 0x3808, size: 4, access: 'rw', mask: 0xfff80},
  {name: 'TDH', offset: 0x3810, size: 4, access: 'rw', mask: index},
  {name: 'TDT', offset: 0x3818, size: 4, access: 'rw', mask: index},
  {name: 'TIDV', offset: 0x3820, size: 4, access: 'rw', mask: delay},
  {name: 'TXDCTL', offset: 0x3828, size: 4, access: 'rw'},
  {name: 'TADV', offset: 0x382c, size: 4, access: 'rw', mask: delay},
  {name: 'TSPMT', offset: 0x3830, size: 4, access: 'rw'},
  {name: 'RXCSUM', offset: 0x5000, size: 4, access: 'rw', mask: 0x7ff},
  {name: 'WUC', offset: 0x5800, size: 4, access: 'rw'},
  {name: 'WUFC', offset: 0x5808, size: 4, access: 'rw'},
  {name: 'WUS', offset: 0x5810, size: 4, access: 'rw'},
  {name: 'MANC', offset: 0x5820, size: 4, access: 'rw'},
] as const satisfies readonly Register[];

export type E1000Register = (typeof registerTable)[number]['name'];
