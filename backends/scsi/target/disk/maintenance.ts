import {rangeFault, rangeOf} from '../block/range.ts';
import {flush} from '../block/storage-steps.ts';
import {command, type CommandSpec} from '../command.ts';
import type {Answer, Outcome} from '../outcome.ts';
import type {Task} from '../task.ts';
import type {DiskUnit} from './disk-unit.ts';

/** All of the cache is flushed, whatever range is named; with IMMED, too, the status waits for that. */
const synchronizeCache = (unit: DiskUnit, task: Task): Answer =>
  unit.notReady ?? rangeFault(task.cdb, {...rangeOf(task.cdb), blocks: 0}, unit.blocks) ?? flush(unit);

/** Whatever is read is in the page cache sooner than a guest could ask for it. */
const preFetch = (unit: DiskUnit, task: Task): Outcome =>
  unit.notReady ?? rangeFault(task.cdb, rangeOf(task.cdb), unit.blocks) ?? 0;

export const maintenanceCommands: readonly CommandSpec<DiskUnit>[] = [
  command('PRE-FETCH (10)', '34 02 ffffffff 3f ffff 00', {access: 'read'}, preFetch),
  command('PRE-FETCH (16)', '90 02 ffffffffffffffff ffffffff 3f 00', {access: 'read'}, preFetch),
  command('SYNCHRONIZE CACHE (10)', '35 06 ffffffff 3f ffff 00', {access: 'write'}, synchronizeCache),
  command('SYNCHRONIZE CACHE (16)', '91 06 ffffffffffffffff ffffffff 3f 00', {access: 'write'}, synchronizeCache),
];
