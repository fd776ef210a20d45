export {DomainQueue} from './domain-queue.ts';
export {FaultPlan, type FaultRates} from './fault-plan.ts';
export {Random} from './random.ts';
export {realClock, type RealClockOptions} from './real.ts';
export {NS_PER_MS, NS_PER_S, type Schedule, type Task, type TaskQueue, type Timer} from './schedule.ts';
export {virtualClock} from './virtual.ts';
