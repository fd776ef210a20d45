export {BlockBackend, type BlockBackendOptions} from './backend.ts';
export {blockBackend} from './driver.ts';
export {type BlockFeatures, defaultFeatures} from './features.ts';
export {TransientMaps} from './page-maps.ts';
export {PersistentMaps} from './persistent-maps.ts';
export {BlockQueue, type BlockQueueOptions} from './queue.ts';
export {type BlockBatch, type BlockDistribution, BlockMeter, type BlockStatistics} from './stats.ts';
export type {Transport} from '../ring-transport.ts';
