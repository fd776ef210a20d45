export type {ExitReason, VcpuCounters} from './counters.ts';
export {guarded} from './guarded.ts';
export {ProgramOps} from './program-ops.ts';
export {ProgramVcpu} from './program.ts';
export type {Vcpu} from './vcpu.ts';
