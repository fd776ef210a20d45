import {command, type CommandSpec} from '../command.ts';
import {fail, type Outcome} from '../outcome.ts';
import {MEDIUM_NOT_PRESENT, MEDIUM_REMOVAL_PREVENTED} from '../sense-codes.ts';
import type {Task} from '../task.ts';
import {onTape} from './on-tape.ts';
import type {TapeUnit} from './tape-unit.ts';

const LOAD = 0x01;
const HOLD = 0x08;

/** The tape stays in the drive, to be loaded again, until somebody takes it out. */
const unload = async (tape: TapeUnit): Promise<Outcome> => {
  await tape.cartridge?.flushed(true);
  tape.isLoaded = false;
  tape.position = 0;
  return 0;
};

const unloadTape = onTape((tape) => unload(tape));

const loadUnload = (tape: TapeUnit, task: Task): Outcome | Promise<Outcome> => {
  const flags = task.cdb[4];
  if ((flags & LOAD) !== 0) {
    if (tape.cartridge === undefined) return fail(MEDIUM_NOT_PRESENT);
    if ((flags & HOLD) === 0) tape.load(task.nexus.name);
    tape.position = 0;
    return 0;
  }
  return tape.prevention.isPrevented ? fail(MEDIUM_REMOVAL_PREVENTED) : unloadTape(tape, task);
};

const traits = {access: 'write', order: 'alone'} as const;

/** IMMED, RETEN and EOT change nothing. */
export const loadCommands: readonly CommandSpec<TapeUnit>[] = [
  command('LOAD UNLOAD', '1b 01 0000 0f 00', traits, loadUnload),
  command(
    'ERASE (6)',
    '19 03 000000 00',
    traits,
    // Short or long: all from here on is gone, and nothing need be overwritten for that.
    onTape(async (tape, _task, cartridge): Promise<Outcome> => {
      if (tape.writeFault !== undefined) return tape.writeFault;
      await cartridge.erase(tape.position);
      await cartridge.flushed(true);
      return 0;
    }),
  ),
];
