export * from './api.ts';
export {DiskUnit, type DiskOptions} from './disk/disk-unit.ts';
export {UnitTarget} from './target.ts';
export type {LogicalUnit} from './unit.ts';
