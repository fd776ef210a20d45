export type {DiskProperties} from './disk-properties.ts';
export {blockFrontend} from './driver.ts';
export type {BlockFrontFeatures} from './features.ts';
export {BlockFrontend, type BlockFrontendOptions} from './frontend.ts';
export {kernelName} from './kernel-name.ts';
export {BlockRing, type BlockRingOptions, LAST_SECT} from './ring.ts';
export type {BlockFrontStats} from './stats.ts';
