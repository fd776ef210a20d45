export {IdeCdrom} from './ide-cdrom.ts';
export type {IdeOptions} from './options.ts';
export {type IdeDrives, probeIde} from './probe.ts';
