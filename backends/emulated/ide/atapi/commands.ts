import {SECTOR_COUNT} from '../ata.ts';
import type {AtapiDrive} from './atapi-drive.ts';
import {identifyPacketDevice} from './identify-packet.ts';

/** What a drive tells CHECK POWER MODE. */
const STANDBY = 0x00;
const ACTIVE_OR_IDLE = 0xff;

type Command = (drive: AtapiDrive) => void;

const power =
  (isStandby: boolean): Command =>
  (drive) => {
    drive.isStandby = isStandby;
    drive.succeed();
  };

const checkPowerMode: Command = (drive) => {
  drive.taskFile.set(SECTOR_COUNT, drive.isStandby ? STANDBY : ACTIVE_OR_IDLE);
  drive.succeed();
};

const SET_TRANSFER_MODE = 0x03;

/** SET FEATURES, of which a CD drive knows the transfer mode. */
const setFeatures: Command = (drive) => {
  const {features, count} = drive.taskFile;
  if (features === SET_TRANSFER_MODE && drive.transferMode.set(count)) drive.succeed();
  else drive.fail();
};

/** By operation code; all others are aborted. @see ATA/ATAPI-7, "PACKET Command feature set" */
export const atapiCommands: Readonly<Record<number, Command>> = {
  0x08: (drive) => drive.reset(), // DEVICE RESET: without an interrupt.
  0x20: (drive) => drive.refuseAsDisk(), // READ SECTOR(S)
  0xa0: (drive) => drive.acceptPacket(),
  0xa1: (drive) => drive.reply(identifyPacketDevice(drive.transferMode, drive.names)),
  0xe0: power(true), // STANDBY IMMEDIATE
  0xe1: power(false), // IDLE IMMEDIATE
  0xe5: checkPowerMode,
  0xe6: power(true), // SLEEP
  0xec: (drive) => drive.refuseAsDisk(),
  0xef: setFeatures,
};
