export {ExportedDisk} from './export-disk.ts';
export {type NbdListen, NbdServer} from './nbd-server.ts';
