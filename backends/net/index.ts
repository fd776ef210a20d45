export {NetBackend} from './backend.ts';
export {netBackend, type NetBackendOptions} from './driver.ts';
export type {NetFeatures} from './features.ts';
export type {VifPacket} from './packet-tap.ts';
export type {VifFrames} from './vif.ts';
export type {VifStats} from './stats.ts';
