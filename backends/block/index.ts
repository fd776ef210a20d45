export {BlockBackend, type BlockBackendOptions} from './backend.ts';
export {blockBackend} from './driver.ts';
export {BlockQueue, type BlockQueueOptions} from './queue.ts';
export type {DiskLimits} from './request.ts';
export {type BlockBatch, type BlockStatistics, newStatistics} from './stats.ts';
export type {Transport} from './transport.ts';
