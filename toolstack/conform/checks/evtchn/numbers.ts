/** @see event_channel.h, errno.h, xen.h; written down again, as a check must not take its numbers from what it judges. */
export const EVTCHNOP = {
  bind_interdomain: 0,
  bind_virq: 1,
  close: 3,
  send: 4,
  status: 5,
  alloc_unbound: 6,
  bind_vcpu: 8,
  unmask: 9,
  reset: 10,
  init_control: 11,
  expand_array: 12,
  set_priority: 13,
} as const;

export const EVTCHNSTAT = {closed: 0, unbound: 1, interdomain: 2, virq: 4, ipi: 5} as const;

export const EPERM = -1;
export const ENOENT = -2;
export const ESRCH = -3;
export const EBUSY = -16;
export const EEXIST = -17;
export const EINVAL = -22;
export const ENOSPC = -28;
export const EOPNOTSUPP = -95;

export const VIRQ = {TIMER: 0, DEBUG: 1, CONSOLE: 2, DOM_EXC: 3} as const;

export const event_channel_op = 32;
export const DOMID_SELF = 0x7ff0;
export const NO_DOMAIN = 1000;

/** An event word. */
export const FIFO = {PENDING: 2 ** 31, MASKED: 2 ** 30, LINKED: 2 ** 29, LINK_MASK: 2 ** 17 - 1} as const;

/** Of the 2-level layout on x86_64. */
export const PORTS_2L = 4096;
