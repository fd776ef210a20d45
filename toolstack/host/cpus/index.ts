export {CpuControl} from './cpu-control.ts';
export type {CpuPoolListing} from './cpu-pools.ts';
export type {DomainSchedule, ScheduleChange} from './domain-schedules.ts';
export {type Scheduler, SCHEDULERS} from './scheduler.ts';
export type {Affinity, VcpuListing} from './vcpus.ts';
