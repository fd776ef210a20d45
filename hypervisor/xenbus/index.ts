export {type BusEvent, XenbusBus} from './bus.ts';
export {XenbusDevice, type XenbusDeviceOptions} from './device.ts';
export {DeviceError} from './device-error.ts';
export type {DriverInstance, XenbusDriver} from './driver.ts';
export {
  formatTransitions,
  nextStates,
  parseState,
  stateName,
  stateNames,
  type XenbusRole,
  type XenbusState,
} from './state.ts';
export {between, flag, oneOf, readTuning, type TuningReaders} from './tuning.ts';
