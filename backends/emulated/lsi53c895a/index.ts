export {Lsi53c895a, type LsiOptions} from './lsi53c895a.ts';
