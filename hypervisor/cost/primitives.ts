/** Prices that a list has, in ns, with what each of them is of. `docs/cost-model.md` has where the numbers are from. */
export const prices = {
  vmexit: 'an exit to Xen and the entry again',
  hypercall: 'a hypercall, the exit included',
  eoi: 'the end of an interrupt, written to an interrupt controller that Xen emulates',
  irq: 'the exit by which an interrupt is injected',
  upcall: "an event upcall's way to the port's handler, and its completion",
  wakeGuest: 'from a send to an event or interrupt until the vCPU of a guest runs; nobody computes',
  wakeDom0: 'the same of dom0',
  ioreq: 'from the exit of an access until its device model runs, and back; the vCPU waits',
  ioreqDom0: 'the part of `ioreq` in which a CPU of dom0 is busy',
  emulate: 'what a device model does for one access',
  grantMap: 'one GNTTABOP_map_grant_ref',
  grantUnmap: 'one GNTTABOP_unmap_grant_ref without the flush',
  grantFlush: 'the TLB flush after a batch of unmaps, one at a time on the whole host',
  grantFlushCpu: 'what each further CPU that runs the domain adds to such a flush',
  lockLine: "a lock's cache line from one CPU to another: once for who takes the lock, once for each that waits",
  grantCopy: 'one GNTTABOP_copy without its bytes',
  grantCopyByte: 'a byte of it',
  grantTransfer: 'one GNTTABOP_transfer',
  memcpyByte: 'a byte that a driver copies',
  xenstoreOp: 'a request to the store and its answer',
  instruction: 'an instruction of a guest in the x86 engine',
} as const satisfies Record<string, string>;

export type Price = keyof typeof prices;

/** In whose time a price is paid. */
export type Payer =
  /** The CPU of the domain that does it. */
  | 'self'
  /** Nobody's CPU: the request waits. */
  | 'wait'
  /** A lock of the host, which one CPU holds at a time. */
  | 'lock'
  /** A CPU of dom0, while the guest's vCPU waits for it in what `self` pays. */
  | 'model';

interface Primitive {
  /** What one of it is. */
  readonly unit: string;
  readonly what: string;
  /** What one of it costs. `wake` is wakeGuest or wakeDom0, by who is woken. */
  readonly charges: readonly (readonly [Payer, Price | 'wake'])[];
}

const exit = (what: string): Primitive => ({unit: 'exit', what, charges: [['self', 'vmexit']]});

/** What a ledger counts. An exit of any kind is counted once, under that kind. */
export const primitives = {
  request: {unit: 'request', what: 'request, command or frame that came to the device', charges: []},
  pio: exit('IN, OUT, INS or OUTS of a port that traps; a REP that traps once is one'),
  mmio: exit('an access to memory that traps'),
  pciConfig: exit('an access to PCI configuration space'),
  halt: exit('HLT, or SCHEDOP_block of a kernel in the x86 engine'),
  cpuid: exit('CPUID'),
  msr: exit('RDMSR or WRMSR that traps'),
  eoi: {unit: 'exit', what: 'end of interrupt at an emulated controller', charges: [['self', 'eoi']]},
  hypercall: {unit: 'exit', what: 'hypercall; many operations of one batch are one', charges: [['self', 'hypercall']]},
  irq: {
    unit: 'interrupt',
    what: 'interrupt of an emulated device that the guest takes',
    charges: [
      ['self', 'irq'],
      ['wait', 'wake'],
    ],
  },
  ioreq: {
    unit: 'round trip',
    what: 'access that goes to a device model and back: two switches, and what the model does in between',
    charges: [
      ['self', 'ioreq'],
      ['self', 'emulate'],
      ['model', 'ioreqDom0'],
      ['model', 'emulate'],
    ],
  },
  evtchnSend: {unit: 'event', what: 'EVTCHNOP_send, which is a hypercall', charges: []},
  upcall: {
    unit: 'event',
    what: 'upcall that found a port of the device pending',
    charges: [
      ['self', 'upcall'],
      ['wait', 'wake'],
    ],
  },
  grantMap: {unit: 'page', what: 'page of a peer mapped', charges: [['self', 'grantMap']]},
  grantUnmap: {unit: 'page', what: 'page of a peer unmapped', charges: [['self', 'grantUnmap']]},
  grantFlush: {
    unit: 'flush',
    what: 'TLB flush after at most 32 unmaps of one hypercall',
    charges: [
      ['lock', 'grantFlush'],
      ['lock', 'grantFlushCpu'],
    ],
  },
  grantCopy: {unit: 'copy', what: 'GNTTABOP_copy within a page', charges: [['self', 'grantCopy']]},
  grantCopyBytes: {unit: 'byte', what: 'byte that Xen copied for it', charges: [['self', 'grantCopyByte']]},
  grantTransfer: {unit: 'page', what: 'page given to a peer', charges: [['self', 'grantTransfer']]},
  memcpyBytes: {unit: 'byte', what: 'byte that a driver or device model copied', charges: [['self', 'memcpyByte']]},
  xenstoreOp: {unit: 'request', what: 'request to the store', charges: [['self', 'xenstoreOp']]},
  instructions: {unit: 'instruction', what: 'instruction retired, where known', charges: [['self', 'instruction']]},
} as const satisfies Record<string, Primitive>;

export type PrimitiveName = keyof typeof primitives;

export const primitiveNames = Object.keys(primitives) as PrimitiveName[];

/** Index of each primitive in an account's counts. */
export const counted = Object.fromEntries(primitiveNames.map((name, i) => [name, i])) as Readonly<
  Record<PrimitiveName, number>
>;

/** Kinds of which each is an exit of a guest's vCPU. */
export const exitNames = primitiveNames.filter((name) => primitives[name].unit === 'exit');
