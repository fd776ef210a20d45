export type {TracePoint} from './points.ts';
export {formatRecord, Tracer, type TraceRecord, type TraceSink} from './tracer.ts';
