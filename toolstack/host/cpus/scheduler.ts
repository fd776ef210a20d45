import {POLICIES, type PolicyName, type PoolParameters} from '../../../hypervisor/sched/policy.ts';
import type {CreditParameters} from '../../../hypervisor/sched/index.ts';
import {ToolstackError} from '../../errors.ts';

/** Those that libxl has words for. Xen lost sedf with 4.6. */
export const SCHEDULERS = ['sedf', ...POLICIES] as const;
export type Scheduler = (typeof SCHEDULERS)[number];

/** Of a vCPU under RTDS, in microseconds, by xl's names. */
export interface RtdsTimes {
  readonly period: number;
  readonly budget: number;
  readonly extratime: boolean;
}

const WEIGHT_MAX = 65_535;
const CAP_PER_VCPU = 100;
const TSLICE_MS_MAX = 1000;
const RATELIMIT_US_MIN = 100;
const RATELIMIT_US_MAX = 500_000;
const MIGRATION_DELAY_US_MAX = 100_000;
const RTDS_US_MIN = 10;
const RTDS_PERIOD_US_MAX = 2 ** 31 - 1;

const isWithin = (value: number, first: number, last: number): boolean =>
  Number.isInteger(value) && value >= first && value <= last;

/** Throws EINVAL, with libxl's reason, when a condition does not hold. */
const demand = (holds: boolean, reason: string): void => {
  if (!holds) throw new ToolstackError('EINVAL', `libxl: error: ${reason}`);
};

/** @see sysctl.h, xen_sysctl_credit_schedule */
export const checkPool = ({tsliceMs, ratelimitUs, migrationDelayUs}: PoolParameters): void => {
  demand(isWithin(tsliceMs, 1, TSLICE_MS_MAX), `Time slice out of range, valid range is from 1 to ${TSLICE_MS_MAX}`);
  demand(
    ratelimitUs === 0 || isWithin(ratelimitUs, RATELIMIT_US_MIN, RATELIMIT_US_MAX),
    `Ratelimit out of range, valid range is from ${RATELIMIT_US_MIN} to ${RATELIMIT_US_MAX}`,
  );
  demand(ratelimitUs <= tsliceMs * 1000, 'Ratelimit cannot be greater than timeslice');
  demand(
    isWithin(migrationDelayUs, 0, MIGRATION_DELAY_US_MAX),
    `vcpu migration delay should be >= 0 and <= ${MIGRATION_DELAY_US_MAX}us`,
  );
};

export const checkCredit = (domid: number, {weight, cap}: CreditParameters, vcpus: number): void => {
  const capMax = vcpus * CAP_PER_VCPU;
  demand(
    isWithin(weight, 1, WEIGHT_MAX),
    `Domain ${domid}:Cpu weight out of range, valid values are within range from 1 to ${WEIGHT_MAX}`,
  );
  demand(
    isWithin(cap, 0, capMax),
    `Domain ${domid}:Cpu cap out of range, valid range is from 0 to ${capMax} for specified number of vcpus`,
  );
};

export const checkRtds = (domid: number, {period, budget}: RtdsTimes): void => {
  demand(
    isWithin(period, RTDS_US_MIN, RTDS_PERIOD_US_MAX),
    `Domain ${domid}:Invalid VCPU period of ${period} (it should be >= ${RTDS_US_MIN})`,
  );
  demand(
    isWithin(budget, RTDS_US_MIN, period),
    `Domain ${domid}:VCPU budget must be at least ${RTDS_US_MIN} and not larger than the period of ${period}`,
  );
};

/** What Xen has of it. EINVAL for what it has no more. */
export const policyOf = (scheduler: Scheduler): PolicyName => {
  if (scheduler !== 'sedf') return scheduler;
  throw new ToolstackError('EINVAL', 'libxl: error: Could not create cpupool: Invalid argument');
};
