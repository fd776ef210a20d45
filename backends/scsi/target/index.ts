export * from './api.ts';
export {CdromUnit, type CdromOptions} from './cdrom/cdrom-unit.ts';
export {ChangerUnit, type ChangerOptions} from './changer/changer-unit.ts';
export type {Volume} from './changer/elements.ts';
export {DiskUnit, type DiskOptions} from './disk/disk-unit.ts';
export {Cartridge, type CartridgeOptions} from './tape/cartridge.ts';
export {TapeUnit, type TapeOptions} from './tape/tape-unit.ts';
export {UnitTarget} from './target.ts';
export type {LogicalUnit} from './unit.ts';
