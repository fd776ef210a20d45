export {type RawConsumer, Netfront} from './device.ts';
export {netFrontend} from './driver.ts';
export type {NetFrontFeatures} from './features.ts';
export {NetFrontend, type NetFrontendOptions} from './frontend.ts';
export type {FrameReceiver} from './rx-ring.ts';
export type {NetStats} from './stats.ts';
