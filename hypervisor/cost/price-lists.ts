import type {Price} from './primitives.ts';
import type {Certainty, PriceList, PriceTag} from './price-list.ts';

const tag = (ns: number, certainty: Certainty, source: string): PriceTag => ({ns, certainty, source});

const DALL = 'Dall et al., ISCA 2016, table II';
const xenX86 = (ns: number, cycles: string): PriceTag =>
  tag(ns, 'recalled', `${DALL}: Xen x86, ${cycles} cycles at 2.1 GHz`);
const xenArm = (ns: number, cycles: string): PriceTag =>
  tag(ns, 'recalled', `${DALL}: Xen ARM, ${cycles} cycles at 2.4 GHz`);
const kvmX86 = (ns: number, cycles: string): PriceTag =>
  tag(ns, 'recalled', `${DALL}: KVM x86, ${cycles} cycles at 2.1 GHz`);

const STAGING = 'netif-staging-grants of xen.git, 64-byte packets';
const P7 = 'persistent grants RFC, LKML 2012-10: 650 k IOPS at 5 guests, 400 k at 10';

const dall2016X86: Record<Price, PriceTag> = {
  vmexit: tag(380, 'recalled', 'Agesen et al., USENIX ATC 2012: Sandy Bridge, 784 cycles, at 2.1 GHz'),
  hypercall: xenX86(585, '1228'),
  eoi: xenX86(697, 'virtual IRQ completion, 1464'),
  irq: tag(380, 'derived', 'as vmexit'),
  upcall: xenX86(700, 'virtual IRQ completion, 1464'),
  wakeGuest: tag(3505, 'derived', `${DALL}: I/O latency in, 10050 cycles, without hypercall and upcall`),
  wakeDom0: tag(4075, 'derived', `${DALL}: I/O latency out, 11262 cycles, without hypercall and upcall`),
  ioreq: tag(9770, 'derived', `${DALL}: I/O latency out and in, without vmexit`),
  ioreqDom0: tag(1285, 'derived', 'a hypercall and an upcall'),
  emulate: tag(500, 'assumed', 'a device model that looks up a range and writes a register'),
  grantMap: tag(350, 'derived', `${STAGING}: 1.06 us for a map, an unmap and what goes with them`),
  grantUnmap: tag(350, 'derived', STAGING),
  grantFlush: tag(770, 'derived', P7),
  grantFlushCpu: tag(192, 'derived', P7),
  lockLine: tag(188, 'recalled', 'David et al., SOSP 2013: two hops between Xeons, 400 cycles at 2.13 GHz'),
  grantCopy: tag(300, 'derived', STAGING),
  grantCopyByte: tag(0.1, 'derived', '10 GB/s, one core through its caches'),
  grantTransfer: tag(1000, 'assumed', 'a page that changes hands: unmap, map and two updates of the tables'),
  memcpyByte: tag(150 / 4096, 'derived', '4 KiB in 100 to 300 ns'),
  xenstoreOp: tag(15000, 'assumed', 'two events and a daemon in dom0'),
  instruction: tag(0.48, 'assumed', 'one a cycle at 2.1 GHz'),
};

const dall2016Arm: Record<Price, PriceTag> = {
  ...dall2016X86,
  vmexit: xenArm(157, 'as a hypercall, 376'),
  hypercall: xenArm(157, '376'),
  eoi: xenArm(30, 'virtual IRQ completion, 71: it does not trap'),
  irq: xenArm(157, 'as a hypercall, 376'),
  upcall: xenArm(30, 'virtual IRQ completion, 71'),
  wakeGuest: tag(6334, 'derived', `${DALL}: I/O latency in, 15650 cycles, without hypercall and upcall`),
  wakeDom0: tag(6684, 'derived', `${DALL}: I/O latency out, 16491 cycles, without hypercall and upcall`),
  ioreq: tag(13235, 'derived', `${DALL}: I/O latency out and in, without vmexit`),
  ioreqDom0: tag(187, 'derived', 'a hypercall and an upcall'),
  instruction: tag(0.42, 'assumed', 'one a cycle at 2.4 GHz'),
};

const dall2016Kvm: Record<Price, PriceTag> = {
  ...dall2016X86,
  hypercall: kvmX86(619, '1300'),
  eoi: kvmX86(741, 'virtual IRQ completion, 1556'),
  upcall: kvmX86(741, 'virtual IRQ completion, 1556'),
  wakeGuest: tag(7651, 'derived', `${DALL}: I/O latency in, 18923 cycles, without hypercall and upcall`),
  wakeDom0: tag(
    0,
    'derived',
    `${DALL}: I/O latency out, 560 cycles, less than a hypercall: the host is the kernel below`,
  ),
  ioreq: tag(3620, 'assumed', 'an exit to the process of the device model takes 3 to 5 us, without vmexit'),
  ioreqDom0: tag(3620, 'assumed', 'the same thread all the while'),
};

const splitx2011: Record<Price, PriceTag> = {
  ...dall2016X86,
  vmexit: tag(683, 'read', 'SplitX, WIOV 2011: 2000 cycles direct, Xeon X5570, 2.93 GHz, KVM 2.6.34'),
  irq: tag(683, 'derived', 'as vmexit'),
  hypercall: tag(888, 'derived', 'that exit, and 205 ns for what dall2016-x86 has a hypercall do'),
};

const dall2016Process: Record<Price, PriceTag> = {
  ...dall2016X86,
  ioreq: tag(
    dall2016X86.ioreq.ns + dall2016Kvm.ioreq.ns,
    'derived',
    "that of dall2016-x86, which ends in dom0's kernel, and on to a process as in dall2016-kvm",
  ),
};

const staging2017: Record<Price, PriceTag> = {
  ...dall2016X86,
  grantCopy: tag(1500, 'derived', `${STAGING}, 1 queue: 1.06 us saved of TX, 1.94 us of RX; the mean`),
};

/** Lists by name; the first is the default. */
export const priceLists: readonly PriceList[] = [
  {name: 'dall2016-x86', source: 'Xen 4.5 on Xeon E5-2450, 2.1 GHz; device models in dom0', tags: dall2016X86},
  {name: 'dall2016-arm', source: 'Xen 4.5 on X-Gene, ARMv8, 2.4 GHz; grants as in dall2016-x86', tags: dall2016Arm},
  {
    name: 'dall2016-kvm',
    source: 'KVM on Xeon E5-2450, 2.1 GHz: the host kernel in place of dom0, device models in a process',
    tags: dall2016Kvm,
  },
  {
    name: 'splitx2011-x86',
    source: 'as dall2016-x86, with the exits of a Xeon X5570, 2.93 GHz, of 2009',
    tags: splitx2011,
  },
  {
    name: 'dall2016-x86-process',
    source: "as dall2016-x86, with device models that are processes of dom0's",
    tags: dall2016Process,
  },
  {
    name: 'staging2017-x86',
    source: 'as dall2016-x86, with grant copies as on Xeon E5-2630 v4, 2.2 GHz, Linux 4.11',
    tags: staging2017,
  },
];
