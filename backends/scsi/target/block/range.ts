import {be16, be24, be32, be64} from '../bytes.ts';
import {fail, type Failure, invalidField} from '../outcome.ts';
import {LBA_OUT_OF_RANGE} from '../sense-codes.ts';

/** Blocks that a command is about. */
export interface BlockRange {
  readonly lba: number;
  readonly blocks: number;
}

/** More blocks than these are refused; a transfer is limited by the initiator's buffer anyway. */
export const MAX_TRANSFER_BLOCKS = 0x1_0000;

interface RangeFormat {
  readonly read: (cdb: Uint8Array) => BlockRange;
  readonly lbaByte: number;
  readonly blocksByte: number;
}

const sixByte: RangeFormat = {
  read: (cdb) => ({lba: be24(cdb, 1) & 0x1f_ffff, blocks: cdb[4] === 0 ? 256 : cdb[4]}),
  lbaByte: 1,
  blocksByte: 4,
};
const tenByte: RangeFormat = {read: (cdb) => ({lba: be32(cdb, 2), blocks: be16(cdb, 7)}), lbaByte: 2, blocksByte: 7};
const twelveByte: RangeFormat = {read: (cdb) => ({lba: be32(cdb, 2), blocks: be32(cdb, 6)}), lbaByte: 2, blocksByte: 6};
const sixteenByte: RangeFormat = {
  read: (cdb) => ({lba: be64(cdb, 2), blocks: be32(cdb, 10)}),
  lbaByte: 2,
  blocksByte: 10,
};

/** By the group code, the top three bits of the operation code. @see SPC-4, "Operation code" */
const formats: readonly RangeFormat[] = [sixByte, tenByte, tenByte, sixByte, sixteenByte, twelveByte];

const formatOf = (cdb: Uint8Array): RangeFormat => formats[cdb[0] >>> 5];

export const rangeOf = (cdb: Uint8Array): BlockRange => formatOf(cdb).read(cdb);

/** Why a range cannot be used on a medium of so many blocks. */
export const rangeFault = (cdb: Uint8Array, {lba, blocks}: BlockRange, mediumBlocks: number): Failure | undefined => {
  const {lbaByte, blocksByte} = formatOf(cdb);
  if (lba + blocks > mediumBlocks) return fail(LBA_OUT_OF_RANGE, {field: {inCdb: true, byte: lbaByte}});
  return blocks > MAX_TRANSFER_BLOCKS ? invalidField(blocksByte) : undefined;
};
