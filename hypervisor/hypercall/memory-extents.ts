import {ERESTART} from '../errno.ts';
import type {Arguments} from './hypercall.ts';

/** Entries of a list between two looks at the time. */
export const CHUNK = 256;

/** Above the command a call that was interrupted carries how far it got. @see Xen, MEMOP_EXTENT_SHIFT */
const EXTENT_SHIFT = 6;
const COMMAND_MASK = (1 << EXTENT_SHIFT) - 1;

export const commandOf = (args: Arguments): number => args[0] & COMMAND_MASK;

/** Number of the first entry that is still to be done. */
export const startOf = (args: Arguments): number => args[0] >>> EXTENT_SHIFT;

/** Ends a part of a long call: it goes on with entry number `next`. */
export const goOnAt = (args: Arguments, next: number): number => {
  args[0] = commandOf(args) | (next << EXTENT_SHIFT);
  return -ERESTART;
};
