export {parseAddress, type ScsiAddress} from './address.ts';
export {ScsiBackend} from './backend.ts';
export {scsiBackend} from './driver.ts';
export type {ScsiStatistics} from './stats.ts';
export type {OpenUnit, UnitOpener} from './units.ts';
