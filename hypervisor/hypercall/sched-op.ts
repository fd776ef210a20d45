import * as abi from '../abi/sched.ts';
import {ENOSYS} from '../errno.ts';
import {command, type Command, type Hypercall, runCommand} from './hypercall.ts';

const shutdown: Command = command(abi.sched_shutdown, ({xen, domain, vcpu}, {reason}) => {
  const result = xen.shutdown(domain, reason);
  if (result === 0) vcpu.halt();
  return result;
});

const watchdog: Command = command(abi.sched_watchdog, ({xen, domain}, {id, timeout}) =>
  xen.setWatchdog(domain, id, timeout),
);

/** @see sched.h */
export const schedOp: Hypercall = (caller, [cmd, address]) => {
  switch (cmd) {
    case abi.SCHEDOP_shutdown:
    case abi.SCHEDOP_shutdown_code:
      return runCommand(caller, shutdown, address);
    case abi.SCHEDOP_watchdog:
      return runCommand(caller, watchdog, address);
    // The caller looks again at what it waits for, so it may go on as soon as the others had a turn.
    case abi.SCHEDOP_yield:
    case abi.SCHEDOP_block:
    case abi.SCHEDOP_poll:
      caller.vcpu.yield();
      return 0;
    default:
      return -ENOSYS;
  }
};
