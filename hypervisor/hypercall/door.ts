import * as xen from '../abi/xen.ts';
import {ENOSYS} from '../errno.ts';
import {consoleIo} from './console-io.ts';
import {eventChannelOp} from './event-channel-op.ts';
import {grantTableOp} from './grant-table-op.ts';
import {HypercallCounts} from './hypercall-counts.ts';
import {HypercallHistory} from './hypercall-history.ts';
import type {Arguments, Caller, Hypercall} from './hypercall.ts';
import {hvmOp} from './hvm-op.ts';
import {memoryOp} from './memory-op.ts';
import {schedOp} from './sched-op.ts';
import {vcpuOp} from './vcpu-op.ts';
import {xenVersion} from './xen-version.ts';

const hypercalls: Readonly<Record<number, Hypercall>> = {
  [xen.__HYPERVISOR_memory_op]: memoryOp,
  [xen.__HYPERVISOR_xen_version]: xenVersion,
  [xen.__HYPERVISOR_console_io]: consoleIo,
  [xen.__HYPERVISOR_grant_table_op]: grantTableOp,
  [xen.__HYPERVISOR_vcpu_op]: vcpuOp,
  [xen.__HYPERVISOR_sched_op]: schedOp,
  [xen.__HYPERVISOR_event_channel_op]: eventChannelOp,
  [xen.__HYPERVISOR_hvm_op]: hvmOp,
};

/** The ABI door of one vCPU: hypercalls by number, their arguments in guest memory. Counts what comes through. */
export class HypercallDoor {
  readonly counts = new HypercallCounts();
  readonly history = new HypercallHistory();
  private readonly caller: Caller;

  constructor(caller: Caller) {
    this.caller = caller;
  }

  /**
   * Result of the call as the guest gets it: >= 0 or -errno; or -ERESTART when it is to be made again, with `args` as they
   * are now. Never throws for what a guest can pass.
   */
  call(number: number, args: Arguments): number {
    this.counts.add(number);
    const result = hypercalls[number]?.(this.caller, args) ?? -ENOSYS;
    if (result === -ENOSYS) this.counts.addUnknown(number, args[0]);
    this.history.add(number, args[0], args[1], result);
    return result;
  }
}
