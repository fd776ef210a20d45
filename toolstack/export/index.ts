export {IscsiServer} from './iscsi/iscsi-server.ts';
export {ExportedDisk} from './nbd/export-disk.ts';
export {NbdServer} from './nbd/nbd-server.ts';
export type {Listen} from './listen.ts';
