export {HvcConsole} from './device.ts';
export type {HvcStats} from './stats.ts';
