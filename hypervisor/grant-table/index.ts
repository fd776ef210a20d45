export {GrantTable} from './grant-table.ts';
export {Grantor} from './grantor.ts';
export {Grants, type GrantTableSize} from './grants.ts';
export {Maptrack} from './maptrack.ts';
export {statusFramesFor} from './status-frames.ts';
