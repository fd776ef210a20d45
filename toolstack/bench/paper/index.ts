export {judge} from './judge.ts';
export type {PaperTable} from './paper-table.ts';
export {formatSummary, formatTable} from './print.ts';
export {paperTables} from './tables/index.ts';
