import type {DataDirection} from './api.ts';
import {hex} from './bytes.ts';
import {type Answer, type Failure, invalidField} from './outcome.ts';
import type {Task} from './task.ts';

/**
 * What a command does to a unit that somebody else has reserved: commands that only `look` at the device are always
 * allowed, those that `read` the medium are under a write-exclusive reservation, those that `write` never.
 * @see SPC-4, "Commands that are allowed in the presence of various reservations"
 */
export type Access = 'look' | 'read' | 'write';

/** What may be under way beside a command: anything, what changes nothing for it, or nothing but lookers. */
export type Order = 'any' | 'shared' | 'alone';

/** A command that a kind of unit knows. */
export interface CommandSpec<U> {
  readonly name: string;
  readonly opcode: number;
  /** In the low five bits of byte 1, where the operation code has service actions. */
  readonly serviceAction?: number;
  /**
   * The bits that a CDB may have set, byte by byte, after the operation code: REPORT SUPPORTED OPERATION CODES tells them,
   * and a CDB with any other bit is refused.
   */
  readonly usage: Uint8Array;
  readonly data: DataDirection;
  readonly access: Access;
  readonly order: Order;
  readonly run: (unit: U, task: Task) => Answer;
}

/** `usage` in hexadecimal digits, the operation code (and the service action in byte 1) first. */
export const command = <U>(
  name: string,
  usage: string,
  traits: {data?: DataDirection; access: Access; order?: Order; serviceAction?: number},
  run: (unit: U, task: Task) => Answer,
): CommandSpec<U> => {
  const bytes = hex(usage);
  return {name, opcode: bytes[0], usage: bytes, data: 'none', order: 'shared', ...traits, run};
};

const SERVICE_ACTION = 0x1f;

/** All that a kind of unit knows, found by operation code and service action. */
export class CommandTable<U> {
  readonly all: readonly CommandSpec<U>[];
  private readonly byOpcode = new Map<number, CommandSpec<U>[]>();

  constructor(...groups: (readonly CommandSpec<U>[])[]) {
    this.all = groups.flat().sort((a, b) => a.opcode - b.opcode || (a.serviceAction ?? 0) - (b.serviceAction ?? 0));
    for (const spec of this.all) this.byOpcode.set(spec.opcode, [...this.withOpcode(spec.opcode), spec]);
  }

  /** Those of an operation code; more than one if it has service actions. */
  withOpcode(opcode: number): readonly CommandSpec<U>[] {
    return this.byOpcode.get(opcode) ?? [];
  }

  /** What the CDB asks for; undefined where the service action is not known. */
  find(cdb: Uint8Array): CommandSpec<U> | undefined {
    const candidates = this.withOpcode(cdb[0]);
    if (candidates.length === 1 && candidates[0].serviceAction === undefined) return candidates[0];
    return candidates.find(({serviceAction}) => serviceAction === (cdb[1] & SERVICE_ACTION));
  }
}

/**
 * Looks for bits that have to be zero, and for a CDB that is too short; bytes behind the CDB mean nothing. `ignored` are
 * bits of byte 1 that are not looked at.
 */
export const cdbFault = (
  {usage, serviceAction}: CommandSpec<never>,
  cdb: Uint8Array,
  ignored: number,
): Failure | undefined => {
  if (cdb.length < usage.length) return invalidField(cdb.length);
  const actionBits = serviceAction === undefined ? 0 : SERVICE_ACTION;
  for (let byte = 1; byte < usage.length; byte++) {
    const allowed = byte === 1 ? usage[1] | actionBits | ignored : usage[byte];
    const wrong = cdb[byte] & ~allowed;
    if (wrong !== 0) return invalidField(byte, 31 - Math.clz32(wrong));
  }
  return undefined;
};
