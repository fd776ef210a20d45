import {gather, IoVector, scatter, slice} from '../../storage/index.ts';
import type {DataDirection, Nexus, ScsiCommand} from './api.ts';
import {fail} from './outcome.ts';
import {PARAMETER_LIST_LENGTH_ERROR} from './sense-codes.ts';

const noData = new IoVector({u8: new Uint8Array(0)}, 0);

/** What REPORT LUNS tells: the units of the target that a command came to. */
export interface LunInventory {
  readonly luns: readonly number[];
}

/** A command on its way through a logical unit. */
export class Task {
  readonly command: ScsiCommand;
  readonly inventory: LunInventory;
  readonly nexus: Nexus;
  readonly cdb: Uint8Array;
  /** The initiator's buffer; empty where the transport moves data the other way. */
  readonly data: IoVector;
  /** Set by task management: what is still to be done need not be done. */
  aborted = false;

  constructor(command: ScsiCommand, direction: DataDirection, inventory: LunInventory) {
    this.command = command;
    this.inventory = inventory;
    this.nexus = command.nexus;
    this.cdb = command.cdb;
    this.data = command.direction === direction || command.direction === 'both' ? command.data : noData;
  }

  /** Sends bytes to the initiator, `allocation` of them at most. */
  reply(bytes: Uint8Array, allocation: number): number {
    const sent = bytes.length > allocation ? bytes.subarray(0, allocation) : bytes;
    scatter(sent, this.data);
    return sent.length;
  }

  /** A copy of the parameter list, as long as the CDB says it is; undefined when fewer bytes were sent. */
  parameters(length: number): Uint8Array | undefined {
    return this.data.lengthBytes < length ? undefined : gather(slice(this.data, 0, length));
  }
}

export const parameterListLengthError = fail(PARAMETER_LIST_LENGTH_ERROR);
