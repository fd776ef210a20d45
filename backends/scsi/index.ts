export {ScsiBackend} from './backend.ts';
export {scsiBackend} from './driver.ts';
export {ScsiBus} from './bus.ts';
export {ScsiQueue} from './queue.ts';
export {ScsiMeter, type ScsiStatistics} from './stats.ts';
export type {OpenUnit, UnitOpener} from './units.ts';
