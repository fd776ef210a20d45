export {type ScsiDevice, ScsiDevices} from './devices.ts';
