export {scsiFrontend} from './driver.ts';
export {ScsiFrontend} from './frontend.ts';
export {DMA_FROM_DEVICE, DMA_TO_DEVICE, framesOf, ScsiRing} from './ring.ts';
