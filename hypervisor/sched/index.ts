export type {ArincSchedule, ArincSlot} from './arinc653.ts';
export type {CpuPool} from './cpu-pool.ts';
export type {PolicyName, PoolParameters} from './policy.ts';
export {Sched, type SchedOptions} from './sched.ts';
export {type CreditParameters, DEFAULT_CREDIT, type RtdsParameters, type SchedDomain} from './sched-domain.ts';
export type {SchedUnit} from './unit.ts';
