import {be32, put32, put64} from '../bytes.ts';
import {command, type CommandSpec} from '../command.ts';
import type {Outcome} from '../outcome.ts';
import type {Task} from '../task.ts';
import type {BlockUnit} from './block-unit.ts';

const U32_MAX = 0xffff_ffff;

const readCapacity10 = (unit: BlockUnit, task: Task): Outcome => {
  if (unit.notReady !== undefined) return unit.notReady;
  const bytes = new Uint8Array(8);
  put32(bytes, 0, Math.min(unit.blocks - 1, U32_MAX));
  put32(bytes, 4, unit.blockBytes);
  return task.reply(bytes, bytes.length);
};

/** @see SBC-3, "READ CAPACITY (10) command" */
export const readCapacity10Command: CommandSpec<BlockUnit> = command(
  'READ CAPACITY (10)',
  '25 00 00000000 0000 00 00',
  {data: 'in', access: 'look'},
  readCapacity10,
);

const readCapacity16 = (unit: BlockUnit, task: Task): Outcome => {
  if (unit.notReady !== undefined) return unit.notReady;
  const bytes = new Uint8Array(32);
  put64(bytes, 0, unit.blocks - 1);
  put32(bytes, 8, unit.blockBytes);
  // LBPME and LBPRZ: blocks can be unmapped, and read as zeroes then.
  if (unit.storage.discardGranularity > 0) bytes[14] = 0xc0;
  return task.reply(bytes, be32(task.cdb, 10));
};

/** @see SBC-3, "READ CAPACITY (16) command" */
export const readCapacity16Command: CommandSpec<BlockUnit> = command(
  'READ CAPACITY (16)',
  '9e 10 0000000000000000 ffffffff 00 00',
  {data: 'in', access: 'look', serviceAction: 0x10},
  readCapacity16,
);
