export * from './api.ts';
export {DiskUnit, type DiskOptions} from './disk/disk-unit.ts';
export {Cartridge, type CartridgeOptions} from './tape/cartridge.ts';
export {TapeUnit, type TapeOptions} from './tape/tape-unit.ts';
export {UnitTarget} from './target.ts';
export type {LogicalUnit} from './unit.ts';
