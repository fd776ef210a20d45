import {type DriveNames, identifyData} from '../identify.ts';
import type {TransferMode} from '../transfer-mode.ts';

const CYCLE_NS = 120;
const VALID = 1 << 14;
/** Words 82 and 85: PACKET, DEVICE RESET, NOP. */
const PACKET_FEATURES = VALID | (1 << 9) | (1 << 4);

/** @see ATA/ATAPI-7, "IDENTIFY PACKET DEVICE" */
export const identifyPacketDevice = (transferMode: TransferMode, names: DriveNames): Uint8Array =>
  identifyData(
    {
      0: 0x85c0, // A removable CD-ROM that takes packets of 12 bytes, without an interrupt, at once.
      48: 1, // Data takes accesses of 32 bits.
      49: 0x0b00, // IORDY, LBA, DMA.
      53: 6, // Words 64 to 70 and 88 mean something.
      63: transferMode.multiwordDma,
      64: 3, // PIO modes 3 and 4.
      65: CYCLE_NS,
      66: CYCLE_NS,
      67: CYCLE_NS,
      68: CYCLE_NS,
      80: 0x00f0, // ATA/ATAPI-4 to ATA/ATAPI-7.
      82: PACKET_FEATURES,
      83: VALID,
      84: VALID,
      85: PACKET_FEATURES,
      87: VALID,
      88: transferMode.ultraDma,
      93: 0x6001, // A cable with 80 wires; diagnostics passed.
    },
    names,
  );
