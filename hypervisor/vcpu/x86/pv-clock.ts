import {offsetsOf} from '../../abi/layout.ts';
import {shared_info, vcpu_info, vcpu_time_info, XEN_PVCLOCK_TSC_STABLE_BIT} from '../../abi/xen.ts';
import type {InputOf} from '../../abi/value.ts';
import {writeStruct} from '../../abi/value.ts';
import type {Domain} from '../../domain.ts';
import {NS_PER_S} from '../../schedule/index.ts';

/** ns = ((tsc << 1) * 2^31) >> 32: the time stamp counter runs at 1 GHz. */
const MULTIPLIER = 0x80000000;
const SHIFT = 1;
/** Even: not being changed. */
const VERSION = 2;

/**
 * Writes a vCPU's time info: at time stamp `tsc` it was `systemNs`, Xen's system time, which is the host's clock. It is
 * written once, as both run at one rate for ever. @see xen.h, struct vcpu_time_info
 */
export const writeTimeInfo = (domain: Domain, vcpu: number, tsc: number, systemNs: number): void => {
  const at = domain.sharedInfo.vcpuInfoOffset(vcpu) + offsetsOf(vcpu_info, domain.abi).time;
  // A counter that started before the clock: what is added is exact either way.
  const value: InputOf<'version' | 'tsc_timestamp' | 'system_time' | 'tsc_to_system_mul' | 'tsc_shift' | 'flags'> = {
    version: VERSION,
    tsc_timestamp: tsc,
    system_time: Math.round(systemNs),
    tsc_to_system_mul: MULTIPLIER,
    tsc_shift: SHIFT,
    flags: XEN_PVCLOCK_TSC_STABLE_BIT,
  };
  writeStruct(vcpu_time_info, domain.abi, domain.memory.u8, at, value);
};

/** Writes the wall clock at system time 0. @see xen.h, shared_info.wc_sec */
export const writeWallClock = (domain: Domain, epochMs: number): void => {
  const seconds = Math.floor(epochMs / 1000);
  writeStruct(shared_info, domain.abi, domain.memory.u8, domain.sharedInfo.base, {
    wc_version: VERSION,
    wc_sec: seconds,
    wc_nsec: Math.round((epochMs - seconds * 1000) * (NS_PER_S / 1000)),
  });
};
