/** Registers of the command block, from its first port. */
export const DATA = 0;
export const ERROR = 1;
export const FEATURES = 1;
export const SECTOR_COUNT = 2;
export const LBA_LOW = 3;
export const LBA_MID = 4;
export const LBA_HIGH = 5;
export const DEVICE = 6;
export const STATUS = 7;
export const COMMAND = 7;

/** Status. */
export const STATUS_ERR = 0x01;
export const STATUS_DRQ = 0x08;
export const STATUS_DF = 0x20;
export const STATUS_BSY = 0x80;

/** Error: of a command that writes, the medium is protected. */
export const ERROR_WP = 0x40;

/** Device. */
export const DEVICE_LBA = 0x40;
export const DEVICE_1 = 0x10;

/** Device Control: no interrupts; reset. */
export const CONTROL_NIEN = 0x02;
export const CONTROL_SRST = 0x04;

/** Registers of a channel's bus master. */
export const BM_COMMAND = 0;
export const BM_STATUS = 2;
export const BM_TABLE = 4;

export const BM_START = 0x01;
/** To memory. */
export const BM_WRITE = 0x08;
export const BM_ERROR = 0x02;
export const BM_INTERRUPT = 0x04;

/** Commands. */
export const READ_SECTORS = 0x20;
export const READ_SECTORS_EXT = 0x24;
export const READ_DMA = 0xc8;
export const READ_DMA_EXT = 0x25;
export const READ_MULTIPLE = 0xc4;
export const READ_MULTIPLE_EXT = 0x29;
export const WRITE_SECTORS = 0x30;
export const WRITE_SECTORS_EXT = 0x34;
export const WRITE_DMA = 0xca;
export const WRITE_DMA_EXT = 0x35;
export const WRITE_MULTIPLE = 0xc5;
export const WRITE_MULTIPLE_EXT = 0x39;
export const DATA_SET_MANAGEMENT = 0x06;
export const FLUSH_CACHE_EXT = 0xea;
export const FLUSH_CACHE = 0xe7;
export const SET_FEATURES = 0xef;
export const IDENTIFY_DEVICE = 0xec;
export const IDENTIFY_PACKET_DEVICE = 0xa1;
export const PACKET = 0xa0;
export const CHECK_POWER_MODE = 0xe5;

/** Features of PACKET: data move by DMA. Of DATA SET MANAGEMENT: TRIM. Of SET FEATURES: the transfer mode. */
export const PACKET_DMA = 0x01;
export const TRIM = 0x01;
export const SET_TRANSFER_MODE = 0x03;
export const MULTIWORD_DMA_2 = 0x22;

export const SECTOR_BYTES = 512;
