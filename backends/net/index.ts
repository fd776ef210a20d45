export {NetBackend, netBackend, type NetBackendOptions} from './driver.ts';
export type {VifPacket} from './packet-tap.ts';
export type {VifFrames} from './vif.ts';
export type {VifStats} from './stats.ts';
