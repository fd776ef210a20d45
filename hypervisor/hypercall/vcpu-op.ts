import {sizeOf} from '../abi/layout.ts';
import * as abi from '../abi/vcpu.ts';
import {vcpu_info} from '../abi/xen.ts';
import {EINVAL, ENOENT, ENOSYS, ETIME} from '../errno.ts';
import {PAGE_SIZE} from '../memory/index.ts';
import {type Caller, command, type Command, type Hypercall, runCommand} from './hypercall.ts';

/** Of a vcpu_info, whose words are reached as words. */
const ALIGNMENT = 8;

/** Commands by what they do to vCPU `vcpu`. */
const table: Readonly<Record<number, (vcpu: number) => Command>> = {
  [abi.VCPUOP_set_singleshot_timer]: (index) =>
    command(abi.vcpu_set_singleshot_timer, ({vcpu}, {timeout_abs_ns, flags}) => {
      if (index !== vcpu.index) return -EINVAL;
      if ((flags & abi.VCPU_SSHOTTMR_future) !== 0 && timeout_abs_ns < vcpu.now()) return -ETIME;
      vcpu.setTimer(timeout_abs_ns);
      return 0;
    }),
  [abi.VCPUOP_register_vcpu_info]: (vcpu) =>
    command(abi.vcpu_register_vcpu_info, ({domain}, {mfn, offset}) => {
      const bytes = sizeOf(vcpu_info, domain.abi);
      const isInside = offset % ALIGNMENT === 0 && offset + bytes <= PAGE_SIZE;
      if (!isInside || !domain.memory.isPopulated(mfn)) return -EINVAL;
      const to = mfn * PAGE_SIZE + offset;
      const from = domain.sharedInfo.vcpuInfoOffset(vcpu);
      domain.memory.u8.copyWithin(to, from, from + bytes);
      domain.sharedInfo.moveVcpuInfo(vcpu, to);
      return 0;
    }),
  [abi.VCPUOP_register_runstate_memory_area]: () =>
    command(abi.vcpu_register_runstate_memory_area, ({vcpu, guest}, {'addr.h': address}) => {
      // Always running as far as the guest can tell: time that others had is not stolen but does not pass.
      const value = {state: abi.RUNSTATE_running, state_entry_time: Math.round(vcpu.now())};
      return guest.write(abi.vcpu_runstate_info, address, value) ? 0 : -EINVAL;
    }),
};

const plain: Readonly<Record<number, (caller: Caller, vcpu: number) => number>> = {
  [abi.VCPUOP_is_up]: () => 1,
  [abi.VCPUOP_stop_periodic_timer]: () => 0,
  [abi.VCPUOP_stop_singleshot_timer]: ({vcpu}, index) => {
    if (index !== vcpu.index) return -EINVAL;
    vcpu.stopTimer();
    return 0;
  },
};

/** @see vcpu.h */
export const vcpuOp: Hypercall = (caller, [cmd, vcpu, address]) => {
  if (vcpu < 0 || vcpu >= caller.domain.vcpus.length) return -ENOENT;
  const found = table[cmd];
  if (found !== undefined) return runCommand(caller, found(vcpu), address);
  return plain[cmd]?.(caller, vcpu) ?? -ENOSYS;
};
