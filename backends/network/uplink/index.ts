export {formatUplink, parseUplink, type UplinkSpec} from './spec.ts';
export {Uplink, type UplinkOptions} from './uplink.ts';
