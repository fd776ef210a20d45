export {type Channel, PortTable} from './channel.ts';
export {type ChannelStatus, EventChannels} from './event-channels.ts';
export type {Abi} from '../abi/ctype.ts';
export {LEGACY_MAX_VCPUS, SharedInfo, VCPU_INFO_SIZE} from './shared-info.ts';
