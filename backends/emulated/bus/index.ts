export {DeviceModel, type Release} from './device-model.ts';
export {GuestDma} from './guest-dma.ts';
export type {IoDevice} from './io-device.ts';
