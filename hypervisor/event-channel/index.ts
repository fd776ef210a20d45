export type {Abi} from '../abi/ctype.ts';
export {type Channel, PortTable} from './channel.ts';
export {type ChannelStatus, EventChannels} from './event-channels.ts';
export type {EventWords} from './event-words.ts';
export {FifoEvents} from './fifo.ts';
export {LEGACY_MAX_VCPUS, SharedInfo} from './shared-info.ts';
export {TwoLevelEvents} from './two-level.ts';
