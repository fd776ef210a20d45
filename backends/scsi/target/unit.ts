import {CHECK_CONDITION, GOOD, type Nexus, type ScsiCommand, type ScsiResult} from './api.ts';
import {cdbFault, type CommandSpec, type CommandTable} from './command.ts';
import {wantsDescriptorSense} from './common/control-page.ts';
import type {UnitIdentity} from './common/identity.ts';
import type {VpdPage} from './common/inquiry.ts';
import type {LogPage} from './common/log-sense.ts';
import type {ModePages} from './common/mode-pages.ts';
import {type Answer, fail, type Failure, invalidField, type Outcome, reservationConflict} from './outcome.ts';
import {Prevention} from './prevention.ts';
import {Reservations} from './reservations/reservations.ts';
import {
  BUS_DEVICE_RESET_OCCURRED,
  COMMANDS_CLEARED_BY_ANOTHER_INITIATOR,
  INVALID_COMMAND_OPERATION_CODE,
} from './sense-codes.ts';
import {encodeSense} from './sense.ts';
import {TaskSet} from './task-set.ts';
import {type LunInventory, Task} from './task.ts';
import {UnitAttentions} from './unit-attentions.ts';

/** Longest CDB that a transport may bring. */
const MAX_CDB_BYTES = 16;
/**
 * Commands that leave unit attentions pending: INQUIRY, REPORT LUNS, REQUEST SENSE, which reports them itself, GET
 * CONFIGURATION and GET EVENT STATUS NOTIFICATION. @see SAM-5, "Unit attention condition"; MMC-6, "Unit attention"
 */
const deafToAttentions: ReadonlySet<number> = new Set([0x12, 0xa0, 0x03, 0x46, 0x4a]);

const noSense = new Uint8Array(0);

/** A logical unit: what all kinds have in common. Kinds give it their commands, pages and media. */
export abstract class LogicalUnit {
  readonly attentions = new UnitAttentions();
  readonly reservations = new Reservations();
  readonly prevention = new Prevention();
  readonly tasks = new TaskSet();
  readonly identity: UnitIdentity;
  readonly modes: ModePages;
  /** Each runs with this unit: the table is of its own kind. */
  abstract readonly commands: CommandTable<never>;
  /** Pages of vital product data beside those of every unit. */
  readonly vpdPages: ReadonlyMap<number, VpdPage> = new Map();
  readonly logPages: ReadonlyMap<number, LogPage> = new Map();
  /** MODE SENSE of page 0 returns no page: the way to ask a tape drive for its block descriptor alone. */
  readonly hasPageZero: boolean = false;
  /** Bits of byte 1 of CDBs that may be set and mean nothing. */
  readonly ignoredCdbBits: number = 0;

  constructor(identity: UnitIdentity, modes: ModePages) {
    this.identity = identity;
    this.modes = modes;
  }

  /** Why commands that need the medium fail now; none where they do not. */
  abstract get notReady(): Failure | undefined;

  /** DEVICE-SPECIFIC PARAMETER of mode parameter headers. */
  get deviceSpecificParameter(): number {
    return 0;
  }

  /** What MODE SENSE says of the blocks: 8 bytes, 16 if `long` and the kind knows that form, or none. */
  blockDescriptor(_long: boolean): Uint8Array {
    return new Uint8Array(0);
  }

  /** Takes over the block descriptor and the device-specific parameter of a MODE SELECT; all of its pages are right. */
  abstract selectBlockDescriptor(descriptor: Uint8Array, deviceSpecific: number): Failure | undefined;

  /** Gives back what the unit holds, once commands that use it have ended. Returns a line of what was lost, if anything. */
  abstract close(): Promise<string | undefined>;

  /** `inventory` is the target that the command came to. */
  execute(command: ScsiCommand, inventory: LunInventory): ScsiResult | Promise<ScsiResult> {
    const {cdb} = command;
    if (cdb.length === 0) return this.result(fail(INVALID_COMMAND_OPERATION_CODE));
    if (cdb.length > MAX_CDB_BYTES) return this.result(invalidField(MAX_CDB_BYTES));
    const spec = this.commands.find(cdb);
    if (spec === undefined) return this.result(this.unknown(cdb));
    const task = new Task(command, spec.data, inventory);
    const answer = this.tasks.run(task, spec.order, () => this.start(spec, task));
    return answer instanceof Promise ? answer.then((outcome) => this.result(outcome)) : this.result(answer);
  }

  /** Ends everything, as the resets of every kind do. */
  async reset(): Promise<void> {
    await this.tasks.abort(() => true);
    this.prevention.clear();
    this.modes.restore();
    this.attentions.restart(BUS_DEVICE_RESET_OCCURRED);
  }

  /** Ends all commands; initiators whose commands went by somebody else's will are told so. */
  async clearTasks(nexus: Nexus): Promise<void> {
    const {nexuses} = this.tasks;
    await this.tasks.abort(() => true);
    this.attentions.raise(COMMANDS_CLEARED_BY_ANOTHER_INITIATOR, (name) => name !== nexus.name && nexuses.has(name));
  }

  async dropNexus(nexus: Nexus): Promise<void> {
    await this.tasks.abortNexus(nexus);
    this.prevention.drop(nexus.name);
    this.attentions.forget(nexus);
  }

  private start(spec: CommandSpec<never>, task: Task): Answer {
    const {nexus, cdb} = task;
    if (!deafToAttentions.has(spec.opcode)) {
      const attention = this.attentions.take(nexus);
      if (attention !== undefined) return fail(attention);
    }
    if (!this.reservations.allows(spec.access, nexus)) return reservationConflict;
    return cdbFault(spec, cdb, this.ignoredCdbBits) ?? spec.run(this as never, task);
  }

  private unknown(cdb: Uint8Array): Failure {
    const knowsOpcode = this.commands.withOpcode(cdb[0]).length > 0;
    return knowsOpcode ? invalidField(1, 4) : fail(INVALID_COMMAND_OPERATION_CODE, {field: {inCdb: true, byte: 0}});
  }

  private result(outcome: Outcome): ScsiResult {
    if (typeof outcome === 'number') return {status: GOOD, sense: noSense, transferBytes: outcome};
    const {status, code, details, transferBytes} = outcome;
    const sense = status === CHECK_CONDITION ? encodeSense(code, details, wantsDescriptorSense(this.modes)) : noSense;
    return {status, sense, transferBytes};
  }
}
