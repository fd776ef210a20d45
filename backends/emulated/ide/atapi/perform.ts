import {CHUNK_BYTES} from '../drive.ts';
import type {AtapiDrive} from './atapi-drive.ts';
import {type BlockRange, parameterBytes, readPacket, readRange, REQUEST_SENSE} from './packet.ts';

const BLOCK_BYTES = 2048;
const CHUNK_BLOCKS = CHUNK_BYTES / BLOCK_BYTES;
/** Room for parameters and for replies: those that a CD drive knows are far shorter. */
const MAX_OTHER_BYTES = 0x1_0000;

/** Blocks go out chunk by chunk; an error ends the packet where it is. */
const readBlocks = (drive: AtapiDrive, packet: Uint8Array, {lba, blocks}: BlockRange): void => {
  const chunk = {lba, blocks: Math.min(blocks, CHUNK_BLOCKS)};
  const bytes = drive.memory(chunk.blocks * BLOCK_BYTES);
  drive.askUnit(readPacket(packet, chunk), 'in', bytes, () => {
    drive.stats.readBytes += bytes.length;
    const rest = {lba: lba + chunk.blocks, blocks: blocks - chunk.blocks};
    drive.transferIn(bytes, () => {
      if (rest.blocks > 0) drive.later(() => readBlocks(drive, packet, rest));
      else drive.complete();
    });
  });
};

const sendParameters = (drive: AtapiDrive, packet: Uint8Array, length: number): void => {
  const bytes = drive.memory(Math.min(length, MAX_OTHER_BYTES));
  drive.transferOut(bytes, () => drive.askUnit(packet, 'out', bytes, () => drive.complete()));
};

const getReply = (drive: AtapiDrive, packet: Uint8Array): void => {
  const room = drive.memory(MAX_OTHER_BYTES);
  drive.askUnit(packet, 'in', room, (length) => drive.transferIn(room.subarray(0, length), () => drive.complete()));
};

/** Sense data go with the failed packet's status on other transports; here the host asks for them. */
const sendSense = (drive: AtapiDrive, allocation: number): void => {
  const {sense} = drive;
  drive.sense = new Uint8Array(0);
  drive.transferIn(sense.subarray(0, allocation), () => drive.complete());
};

/** Does a packet that the host has sent. */
export const performPacket = (drive: AtapiDrive, packet: Uint8Array): void => {
  if (packet[0] === REQUEST_SENSE && drive.sense.length > 0) return sendSense(drive, packet[4]);
  drive.sense = new Uint8Array(0);
  const range = readRange(packet);
  const parameters = parameterBytes(packet);
  if (range !== undefined && range.blocks > 0) readBlocks(drive, packet, range);
  else if (parameters > 0) sendParameters(drive, packet, parameters);
  else getReply(drive, packet);
};
