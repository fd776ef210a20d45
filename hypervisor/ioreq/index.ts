export {type DmOps, dmOps} from './dm-ops.ts';
export {EmulatedIo} from './emulated-io.ts';
export {type InterruptPins, pciIrq} from './interrupt-lines.ts';
export type {IoExit, IoMeter, MeterSlot} from './io-meter.ts';
export {Ioreq} from './ioreq.ts';
export {attachProgramIo, type IoSize, type PortIo, type TrappedIo} from './trapped-io.ts';
