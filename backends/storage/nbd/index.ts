export {ExactReader} from './exact-reader.ts';
export * from './protocol.ts';
export {openNbd} from './storage.ts';
