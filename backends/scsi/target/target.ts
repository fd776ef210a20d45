import {
  CHECK_CONDITION,
  GOOD,
  type Nexus,
  type ScsiCommand,
  type ScsiResult,
  type ScsiTarget,
  type TaskResponse,
} from './api.ts';
import {be16, be32} from './bytes.ts';
import {noUnitInquiry} from './common/identity.ts';
import {lunList} from './common/report-luns.ts';
import {LOGICAL_UNIT_NOT_SUPPORTED, REPORTED_LUNS_DATA_HAS_CHANGED, type SenseCode} from './sense-codes.ts';
import {encodeSense} from './sense.ts';
import {Task} from './task.ts';
import type {LogicalUnit} from './unit.ts';

const REQUEST_SENSE = 0x03;
const INQUIRY = 0x12;
const REPORT_LUNS = 0xa0;

const MAX_LUN = 16383;

const noSense = new Uint8Array(0);

const good = (transferBytes: number): ScsiResult => ({status: GOOD, sense: noSense, transferBytes});

const refuse = (code: SenseCode): ScsiResult => ({
  status: CHECK_CONDITION,
  sense: encodeSense(code, {}, false),
  transferBytes: 0,
});

/** A target device whose logical units come and go. Units may be in several targets. */
export class UnitTarget implements ScsiTarget {
  private readonly units = new Map<number, LogicalUnit>();

  get luns(): readonly number[] {
    return [...this.units.keys()].sort((a, b) => a - b);
  }

  unit(lun: number): LogicalUnit | undefined {
    return this.units.get(lun);
  }

  /** Adds a unit; initiators are told at the others. The LUN has to be free, 0..16383. */
  attach(lun: number, unit: LogicalUnit): void {
    if (this.units.has(lun) || lun < 0 || lun > MAX_LUN) throw new Error(`LUN ${lun} cannot be used`);
    for (const other of this.units.values()) other.attentions.raise(REPORTED_LUNS_DATA_HAS_CHANGED);
    this.units.set(lun, unit);
  }

  /** Takes a unit away and returns it, to be closed or used elsewhere. Its commands go on to their end. */
  detach(lun: number): LogicalUnit | undefined {
    const unit = this.units.get(lun);
    this.units.delete(lun);
    for (const other of this.units.values()) other.attentions.raise(REPORTED_LUNS_DATA_HAS_CHANGED);
    return unit;
  }

  execute(command: ScsiCommand): ScsiResult | Promise<ScsiResult> {
    const unit = this.units.get(command.lun);
    return unit === undefined ? this.withoutUnit(command) : unit.execute(command, this);
  }

  async abortTask(command: ScsiCommand): Promise<TaskResponse> {
    const unit = this.units.get(command.lun);
    if (unit === undefined) return 'no such unit';
    return (await unit.tasks.abortCommand(command)) ? 'complete' : 'no such task';
  }

  abortTaskSet(nexus: Nexus, lun: number): Promise<TaskResponse> {
    return this.manage(lun, (unit) => unit.tasks.abortNexus(nexus));
  }

  clearTaskSet(nexus: Nexus, lun: number): Promise<TaskResponse> {
    return this.manage(lun, (unit) => unit.clearTasks(nexus));
  }

  resetUnit(lun: number): Promise<TaskResponse> {
    return this.manage(lun, (unit) => unit.reset());
  }

  async resetTarget(): Promise<void> {
    await Promise.all(Array.from(this.units.values(), (unit) => unit.reset()));
  }

  async dropNexus(nexus: Nexus): Promise<void> {
    await Promise.all(Array.from(this.units.values(), (unit) => unit.dropNexus(nexus)));
  }

  private async manage(lun: number, act: (unit: LogicalUnit) => Promise<unknown>): Promise<TaskResponse> {
    const unit = this.units.get(lun);
    if (unit === undefined) return 'no such unit';
    await act(unit);
    return 'complete';
  }

  /** @see SPC-4, "Incorrect logical unit numbers" */
  private withoutUnit(command: ScsiCommand): ScsiResult {
    const {cdb} = command;
    const task = new Task(command, 'in', this);
    const isExtended = ((cdb[1] ?? 0) & 0x01) !== 0;
    if (cdb[0] === INQUIRY && cdb.length >= 6 && !isExtended) return good(task.reply(noUnitInquiry(), be16(cdb, 3)));
    if (cdb[0] === REQUEST_SENSE && cdb.length >= 6) {
      return good(task.reply(encodeSense(LOGICAL_UNIT_NOT_SUPPORTED, {}, isExtended), cdb[4]));
    }
    if (cdb[0] === REPORT_LUNS && cdb.length >= 12) return good(task.reply(lunList(this, cdb[2]), be32(cdb, 6)));
    return refuse(LOGICAL_UNIT_NOT_SUPPORTED);
  }
}
