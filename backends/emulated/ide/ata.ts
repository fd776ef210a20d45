/** Registers of the command block: bytes from its first port. @see ATA/ATAPI-7 volume 2, "I/O registers" */
export const DATA = 0;
/** Read: Error. Written: Features. */
export const ERROR = 1;
export const FEATURES = 1;
/** Of PACKET: the interrupt reason. */
export const SECTOR_COUNT = 2;
export const LBA_LOW = 3;
/** Of PACKET: the byte count. */
export const LBA_MID = 4;
export const LBA_HIGH = 5;
export const DEVICE = 6;
/** Read: Status, which takes back the interrupt. Written: Command. */
export const STATUS = 7;
export const COMMAND = 7;

/** Bits of Status. */
export const ERR = 0x01;
export const DRQ = 0x08;
/** Seek complete, in what drives still show there. */
export const DSC = 0x10;
export const DRDY = 0x40;
export const BSY = 0x80;

/** Bits of Error. */
export const ABRT = 0x04;
export const IDNF = 0x10;
export const UNC = 0x40;
/** Of a command that writes: the medium is write-protected. */
export const WP = 0x40;
/** What diagnostics leave in Error: nothing is wrong. */
export const DIAGNOSTIC_PASSED = 0x01;

/** Bits of Device. */
export const DEV = 0x10;
export const LBA = 0x40;

/** Bits of Device Control. */
export const NIEN = 0x02;
export const SRST = 0x04;
export const HOB = 0x80;

export const EXECUTE_DEVICE_DIAGNOSTIC = 0x90;

export const SECTOR_BYTES = 512;
