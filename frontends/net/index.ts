export {type RawConsumer, Netfront} from './device.ts';
export {NetFrontend, netFrontend} from './driver.ts';
export type {FrameReceiver} from './rx-ring.ts';
export type {NetStats} from './stats.ts';
