import test from 'ava';
import type {Abi} from '../../hypervisor/abi/ctype.ts';
import {HypercallDoor, GuestAccess} from '../../hypervisor/hypercall/index.ts';
import {type Domain, DOM0, Hypervisor} from '../../hypervisor/index.ts';
import {virtualClock} from '../../hypervisor/schedule/index.ts';
import {ProgramVcpu} from '../../hypervisor/vcpu/index.ts';

const PAGE = 4096;
/** Guest memory is mapped at this linear address, its first 8 pages only. */
const BASE = 0xc0000000;
const MAPPED = 8 * PAGE;
const ARG = BASE + 0x100;
const UNMAPPED = BASE + MAPPED;
const SELF = 0x7ff0;

const EPERM = -1;
const ENOENT = -2;
const EFAULT = -14;
const EINVAL = -22;
const ESRCH = -3;
const ENOSYS = -38;
const ETIME = -62;
const ERESTART = -85;

const memory_op = 12;
const xen_version = 17;
const console_io = 18;
const grant_table_op = 20;
const vcpu_op = 24;
const sched_op = 29;
const event_channel_op = 32;
const hvm_op = 34;

class Guest {
  readonly xen = new Hypervisor({schedule: virtualClock(1)});
  readonly dom0 = this.create('x86_64');
  readonly domain: Domain;
  readonly door: HypercallDoor;
  vector = 0;
  callback = 0;
  yields = 0;
  halted = false;
  /** Units of work done for the guest, and how many it may have done. */
  work = 0;
  share = Infinity;
  timerNs: number | undefined;

  constructor(abi: Abi = 'x86_32') {
    this.domain = this.create(abi);
    const {xen, domain} = this;
    const translate = (linear: number): number => (linear >= BASE && linear < BASE + MAPPED ? linear - BASE : -1);
    this.door = new HypercallDoor({
      xen,
      domain,
      guest: new GuestAccess(domain.memory, abi, translate),
      vcpu: {
        index: 0,
        setUpcallVector: (vector) => (this.vector = vector),
        setCallbackVector: (vector) => (this.callback = vector),
        preempt: (units = 1) => (this.work += units) >= this.share,
        now: () => this.xen.schedule.now(),
        setTimer: (atNs) => (this.timerNs = atNs),
        stopTimer: () => (this.timerNs = undefined),
        yield: () => this.yields++,
        halt: () => (this.halted = true),
      },
    });
  }

  call(number: number, ...args: number[]): number {
    return this.door.call(number, args);
  }

  /** Calls as a CPU does, with a slice for each part of a long call; returns its result and how many calls it took. */
  callInParts(share: number, number: number, ...args: number[]): {result: number; calls: number} {
    this.share = share;
    for (let calls = 1; ; calls++) {
      this.work = 0;
      const result = this.door.call(number, args);
      if (result !== ERESTART) return {result, calls};
    }
  }

  /** Writes u32 words at ARG, calls, and returns the result with the words as they are then. */
  withWords(number: number, cmd: number, words: number[], ...more: number[]): {result: number; words: number[]} {
    const at = (ARG - BASE) / 4;
    this.domain.memory.u32.set(words, at);
    const result = this.call(number, cmd, ARG, ...more);
    return {result, words: Array.from(this.domain.memory.u32.subarray(at, at + words.length))};
  }

  private create(abi: Abi): Domain {
    const made = this.xen.createDomain({
      pages: 64,
      abi,
      privileged: this.dom0 === undefined,
      domid: this.dom0 === undefined ? DOM0 : undefined,
      vcpu: (owner, index) => new ProgramVcpu(owner, index, this.xen.schedule, this.xen.trace),
    });
    if (typeof made === 'number') throw new Error(`createDomain: ${made}`);
    return made;
  }
}

test('xen_version answers the version, and features in the guest memory', (t) => {
  const guest = new Guest();
  t.is(guest.call(xen_version, 0, 0), (4 << 16) | 17);
  t.is(guest.call(xen_version, 7, 0), PAGE);
  const {result, words} = guest.withWords(xen_version, 6, [0, 0]);
  t.is(result, 0);
  t.deepEqual(words, [0, (1 << 2) | (1 << 3) | (1 << 8) | (1 << 9) | (1 << 13)]);
  t.is(guest.call(xen_version, 1, BASE + 16), 0);
  t.is(new TextDecoder().decode(guest.domain.memory.u8.slice(16, 22)), '-pvsim');
});

test('a pointer that is not mapped is -EFAULT, also when only the end of the struct lies there', (t) => {
  const guest = new Guest();
  const calls: readonly (readonly number[])[] = [
    [xen_version, 6],
    [xen_version, 1],
    [memory_op, 7],
    [event_channel_op, 4],
    [event_channel_op, 6],
    [hvm_op, 0],
    [sched_op, 2],
  ];
  for (const [number, cmd] of calls) t.is(guest.call(number, cmd, UNMAPPED), EFAULT, `${number}:${cmd}`);
  t.is(guest.call(event_channel_op, 6, UNMAPPED - 4), EFAULT);
  t.is(guest.call(console_io, 0, 10, UNMAPPED - 5), EFAULT);
  t.is(guest.call(grant_table_op, 6, UNMAPPED, 1), EFAULT);
  t.is(guest.call(vcpu_op, 10, 0, UNMAPPED), EFAULT);
});

test('a struct may cross from one page into the next', (t) => {
  const guest = new Guest();
  const at = PAGE - 4;
  guest.domain.memory.u32.set([SELF | (0 << 16)], at / 4);
  t.is(guest.call(event_channel_op, 6, BASE + at), 0);
  t.true(guest.domain.memory.u32[at / 4 + 1] > 0, 'the port, on the second page');
});

test('what does not exist is -ENOSYS and counted by number and first argument', (t) => {
  const guest = new Guest();
  for (const [number, cmd] of [
    [21, 4],
    [99, 0],
    [99, 0],
    [hvm_op, 9],
    [event_channel_op, 14],
    [vcpu_op, 13],
  ]) {
    t.is(guest.call(number, cmd, 0, 0), ENOSYS);
  }
  t.deepEqual(Object.fromEntries(guest.door.counts.unknown()), {
    '21:4': 1,
    '99:0': 2,
    '34:9': 1,
    '32:14': 1,
    '24:13': 1,
  });
  t.is(guest.door.counts.byNumber().get(event_channel_op), 1);
});

test('event channels are the same operations as those of a program', (t) => {
  const guest = new Guest();
  const unbound = guest.withWords(event_channel_op, 6, [SELF | (DOM0 << 16), 0]);
  t.is(unbound.result, 0);
  const port = unbound.words[1];
  t.is(guest.domain.ports.get(port)?.kind, 'unbound');
  const remote = guest.xen.eventChannels.bindInterdomain(guest.dom0, guest.domain.id, port);
  t.true(remote > 0);
  t.deepEqual(guest.withWords(event_channel_op, 5, [SELF, port, 0, 0, 0, 0]).words, [SELF, port, 2, 0, DOM0, remote]);
  t.is(guest.withWords(event_channel_op, 4, [port]).result, 0);
  t.true(guest.dom0.events.isPending(remote));
  t.is(guest.withWords(event_channel_op, 3, [port]).result, 0);
  t.is(guest.withWords(event_channel_op, 4, [port]).result, EINVAL);
  const timer = guest.withWords(event_channel_op, 1, [0, 0, 0]);
  t.is(guest.domain.virqPorts.get(0), timer.words[2]);
  t.is(guest.withWords(event_channel_op, 1, [0, 7, 0]).result, ENOENT);
});

test('a kernel changes to FIFO event channels, within its own memory', (t) => {
  const guest = new Guest();
  // evtchn_init_control: a frame of 64 bits, offset, vcpu, then link_bits.
  t.is(guest.withWords(event_channel_op, 11, [5, 1, 0, 0, 0, 0]).result, EINVAL, 'a frame above 2^32');
  t.is(guest.withWords(event_channel_op, 11, [2 ** 20 + 5, 0, 0, 0, 0, 0]).result, EINVAL, 'a frame above 4 GiB');
  t.is(guest.withWords(event_channel_op, 11, [5, 0, PAGE, 0, 0, 0]).result, EINVAL);
  const {result, words} = guest.withWords(event_channel_op, 11, [5, 0, 0, 0, 0, 0]);
  t.is(result, 0);
  t.is(words[4] & 0xff, 17);
  t.is(guest.withWords(event_channel_op, 12, [9999, 0]).result, EINVAL);
  t.is(guest.withWords(event_channel_op, 12, [6, 0]).result, 0);
  const port = guest.withWords(event_channel_op, 7, [0, 0]).words[1];
  t.is(guest.withWords(event_channel_op, 4, [port]).result, 0);
  t.is((guest.domain.memory.u32[(6 * PAGE) / 4 + port] & 0x80000000) >>> 0, 0x80000000);
});

test('shared_info and grant frames move to the frames that the guest asks for, with what they hold', (t) => {
  const guest = new Guest();
  const {domain} = guest;
  domain.memory.u32[domain.sharedInfo.base / 4 + 600] = 0xabcdef;
  t.is(guest.withWords(memory_op, 7, [SELF, 0, 0, 5]).result, 0);
  t.is(domain.sharedInfo.base, 5 * PAGE);
  t.is(domain.memory.u32[(5 * PAGE) / 4 + 600], 0xabcdef);
  domain.memory.u32[domain.grants.entryWord(9)] = 0x77;
  t.is(guest.withWords(memory_op, 7, [SELF, 1, 0, 6]).result, 0);
  t.is(guest.withWords(memory_op, 7, [SELF, 1, 1, 7]).result, 0);
  t.deepEqual([...domain.grants.offsets], [6 * PAGE, 7 * PAGE]);
  t.is(domain.memory.u32[domain.grants.entryWord(9)], 0x77);
  const {words} = guest.withWords(grant_table_op, 6, [SELF, 0, 0, 0xffffffff], 1);
  t.deepEqual(words.slice(1), [2, 64, 0xffff0000]);
  t.is(guest.withWords(memory_op, 7, [SELF, 1, 9, 8]).result, 0, 'a resumed kernel maps the last frame first');
  t.is(domain.grants.frames, 10);
  t.is(domain.grants.offsets[9], 8 * PAGE);
  t.is(guest.withWords(memory_op, 7, [SELF, 1, 64, 8]).result, EINVAL, 'more frames than a guest may have');
  t.is(guest.withWords(memory_op, 7, [SELF, 0, 0, 9999]).result, EINVAL);
  t.is(guest.withWords(memory_op, 7, [3, 0, 0, 5]).result, ESRCH);
});

test('memory that is given back leaves holes, and comes back empty', (t) => {
  const guest = new Guest();
  const {memory} = guest.domain;
  memory.u32[(20 * PAGE) / 4] = 1;
  memory.u32.set([20, 21], 0x200 / 4);
  const reservation = [BASE + 0x200, 2, 0, 0, SELF];
  t.is(guest.withWords(memory_op, 1, reservation).result, 2);
  t.false(memory.isPopulated(20));
  t.is(guest.withWords(memory_op, 1, reservation).result, 0, 'they are gone already');
  t.is(guest.withWords(memory_op, 6, reservation).result, 2);
  t.true(memory.isPopulated(21));
  t.is(memory.u32[(20 * PAGE) / 4], 0);
  t.is(guest.withWords(memory_op, 1, [BASE + 0x200, 0xffffffff, 0, 0, SELF]).result, EINVAL);
});

test('vcpu_info moves with what it holds; a timer in the past can be refused', async (t) => {
  const guest = new Guest();
  const {domain, xen} = guest;
  domain.memory.u32[domain.sharedInfo.vcpuInfoOffset(0) / 4 + 8] = 0x1234;
  domain.memory.u32.set([4, 0, 0x40, 0], (ARG - BASE) / 4);
  t.is(guest.call(vcpu_op, 10, 0, ARG), 0);
  t.is(domain.sharedInfo.vcpuInfoOffset(0), 4 * PAGE + 0x40);
  t.is(domain.memory.u32[(4 * PAGE + 0x40) / 4 + 8], 0x1234);
  domain.memory.u32.set([4, 0, PAGE - 32, 0], (ARG - BASE) / 4);
  t.is(guest.call(vcpu_op, 10, 0, ARG), EINVAL);
  t.is(guest.call(vcpu_op, 10, 1, ARG), ENOENT);
  await xen.schedule.sleep(1e6);
  domain.memory.u32.set([1000, 0, 1], (ARG - BASE) / 4);
  t.is(guest.call(vcpu_op, 8, 0, ARG), ETIME);
  t.is(guest.timerNs, undefined);
  domain.memory.u32.set([1000, 0, 0], (ARG - BASE) / 4);
  t.is(guest.call(vcpu_op, 8, 0, ARG), 0);
  t.is(guest.timerNs, 1000);
  domain.memory.u32.set([0, 1, 1], (ARG - BASE) / 4);
  t.is(guest.call(vcpu_op, 8, 0, ARG), 0);
  t.is(guest.timerNs, 2 ** 32);
  t.is(guest.call(vcpu_op, 9, 0, 0), 0);
  t.is(guest.timerNs, undefined);
});

test('hvm parameters, the upcall vector, shutdown', (t) => {
  const guest = new Guest();
  guest.domain.hvmParams.set(2, 77);
  t.deepEqual(guest.withWords(hvm_op, 1, [SELF, 2, 0, 0]).words, [SELF, 2, 77, 0]);
  t.is(guest.withWords(hvm_op, 0, [SELF, 34, 0x1000, 1]).result, 0, 'HVM_PARAM_VM_GENERATION_ID_ADDR');
  t.deepEqual(guest.withWords(hvm_op, 1, [SELF, 34, 0, 0]).words, [SELF, 34, 0x1000, 1]);
  t.is(guest.withWords(hvm_op, 0, [SELF, 1, 5, 0]).result, EPERM, 'HVM_PARAM_STORE_PFN');
  t.is(guest.withWords(hvm_op, 0, [SELF, 9999, 1, 0]).result, EINVAL);
  t.is(guest.withWords(hvm_op, 23, [0, 0xf3]).result, 0);
  t.is(guest.vector, 0xf3);
  t.is(guest.withWords(hvm_op, 23, [0, 3]).result, EINVAL);
  t.is(guest.withWords(sched_op, 2, [1]).result, 0);
  t.true(guest.halted);
  t.is(guest.domain.shutdownReason, 1);
});

const callbacks: readonly [title: string, low: number, high: number, result: number, vector: number][] = [
  ['nothing, as before boot', 0, 0, 0, 0],
  ['a GSI, which nothing raises', 1, 0, 0, 0],
  ['a PCI INTx: there is no PCI', 0x0100_0000, 1 << 24, EINVAL, 0],
  ['a vector', 0xf3, 2 << 24, 0, 0xf3],
  ['the vector of an exception', 8, 2 << 24, EINVAL, 0],
  ['a type that does not exist', 0xf3, 3 << 24, EINVAL, 0],
];

for (const [title, low, high, result, vector] of callbacks) {
  test(`HVM_PARAM_CALLBACK_IRQ is taken or refused: ${title}`, (t) => {
    const guest = new Guest();
    t.is(guest.withWords(hvm_op, 0, [SELF, 0, low, high]).result, result);
    t.is(guest.callback, vector);
    t.deepEqual(guest.withWords(hvm_op, 1, [SELF, 0, 0, 0]).words, [SELF, 0, vector, vector === 0 ? 0 : 2 << 24]);
  });
}

test('a watchdog is taken, set again and stopped by its number', (t) => {
  const guest = new Guest();
  const set = (id: number, timeout: number): number => guest.withWords(sched_op, 6, [id, timeout]).result;
  t.is(set(0, 0), EINVAL);
  t.is(set(1, 5), EINVAL, 'none runs');
  t.is(set(0, 5), 1);
  t.is(set(0, 5), 2);
  t.is(set(0, 5), -28, 'there are two');
  t.is(set(1, 9), 0);
  t.is(set(1, 0), 0);
  t.is(set(1, 9), EINVAL);
  t.is(set(0, 9), 1);
  t.is(set(3, 9), EINVAL);
});

test('yield, block and poll end the turn of the caller', (t) => {
  const guest = new Guest();
  for (const cmd of [0, 1, 3]) t.is(guest.call(sched_op, cmd, 0), 0);
  t.is(guest.yields, 3);
});

test('the memory map is what the builder or the guest itself has set', (t) => {
  const guest = new Guest();
  const {domain} = guest;
  const AT = BASE + 0x400;
  t.is(guest.withWords(memory_op, 9, [128, AT]).result, ENOSYS, 'none');
  domain.memoryMap = Uint8Array.from({length: 40}, (_, i) => i + 1);
  t.is(guest.withWords(memory_op, 9, [1, AT]).result, EINVAL, 'room for one of two entries');
  t.is(guest.withWords(memory_op, 9, [128, UNMAPPED]).result, EFAULT);
  t.deepEqual(guest.withWords(memory_op, 9, [128, AT]), {result: 0, words: [2, AT]});
  t.deepEqual(domain.memory.u8.slice(0x400, 0x428), domain.memoryMap);
  t.is(guest.withWords(memory_op, 13, [SELF, 1, AT + 20]).result, 0);
  t.deepEqual(domain.memoryMap, domain.memory.u8.slice(0x414, 0x428));
  t.is(guest.withWords(memory_op, 13, [SELF, 129, AT]).result, EINVAL);
  t.is(guest.withWords(memory_op, 13, [3, 1, AT]).result, ESRCH);
  t.is(guest.withWords(memory_op, 13, [SELF, 1, UNMAPPED]).result, EFAULT);
});

test('x86_64 guests come through the same door', (t) => {
  const guest = new Guest('x86_64');
  // xen_add_to_physmap: domid, size, space, then idx and gpfn of 8 bytes.
  t.is(guest.withWords(memory_op, 7, [SELF, 0, 0, 0, 5, 0]).result, 0);
  t.is(guest.domain.sharedInfo.base, 5 * PAGE);
});

test('kinds of unknown hypercalls are counted apart up to 64, then together', (t) => {
  const guest = new Guest();
  for (let cmd = 0; cmd < 70; cmd++) guest.call(99, cmd);
  const unknown = guest.door.counts.unknown();
  t.is(unknown.size, 65);
  t.is(unknown.get('others'), 6);
});

test('a long batch of grant table operations goes on where its slice ended', (t) => {
  const guest = new Guest();
  const {u32} = guest.domain.memory;
  const at = (ARG - BASE) / 4;
  const count = 1000;
  for (let i = 0; i < count; i++) u32.set([SELF, 0, 0, 0], at + i * 4);
  t.deepEqual(guest.callInParts(300, grant_table_op, 6, ARG, count), {result: 0, calls: 4});
  for (let i = 0; i < count; i++) t.is(u32[at + i * 4 + 2], 64, `operation ${i}`);
  t.is(u32[at + count * 4 + 2], 0);
  t.is(guest.call(grant_table_op, 6, ARG, -1), EINVAL);
  t.deepEqual(guest.callInParts(300, grant_table_op, 6, UNMAPPED - 16 * 400, 500), {result: EFAULT, calls: 2});
  t.deepEqual(guest.callInParts(500, grant_table_op, 6, ARG, 500), {result: 0, calls: 1}, 'done with the slice');
});

test('a long reservation goes on where its slice ended, and answers how many extents were done', (t) => {
  const guest = new Guest();
  const {memory} = guest.domain;
  const pages = 40;
  const list = (gfns: number[]): number[] => {
    memory.u32.set(gfns, 0x400 / 4);
    return [BASE + 0x400, gfns.length, 0, 0, SELF];
  };
  // A list of 1000 extents, of which only the first 40 exist.
  const gfns = Array.from({length: 1000}, (_, i) => (i < pages ? 20 + i : 9999));
  memory.u32.set(list(gfns), (ARG - BASE) / 4);
  t.deepEqual(guest.callInParts(1, memory_op, 1, ARG), {result: pages, calls: 1});
  t.is(memory.populatedPages, memory.pages - pages);
  // From extent 30 on, as a call that was interrupted comes again.
  t.is(guest.call(memory_op, 6 | (30 << 6), ARG), pages);
  t.is(memory.populatedPages, memory.pages - 30);
  t.is(guest.call(memory_op, 6 | (5000 << 6), ARG), 5000, 'a start behind the end');
});

test('a long batch of frames for the physical memory goes on where its slice ended', (t) => {
  const guest = new Guest();
  const {memory, grants} = guest.domain;
  const count = 600;
  const [indexes, frames, errors] = [0x1000, 0x3000, 0x5000];
  for (let i = 0; i < count; i++) memory.u32.set([i], indexes / 4 + i);
  for (let i = 0; i < count; i++) memory.u32.set([40], frames / 4 + i);
  // domid, space 1 (the grant table), size and a domid of no use here, then three pointers.
  memory.u32.set([SELF | (1 << 16), count, BASE + indexes, BASE + frames, BASE + errors], (ARG - BASE) / 4);
  const add_to_physmap_batch = 23;
  t.deepEqual(guest.callInParts(100, memory_op, add_to_physmap_batch, ARG), {result: 0, calls: 3});
  const results = Array.from(memory.u32.subarray(errors / 4, errors / 4 + count), (result) => result | 0);
  t.deepEqual(
    results,
    results.map((_, i) => (i < 64 ? 0 : EINVAL)),
  );
  t.is(grants.frames, 64);
});

test('lists of frame numbers are of 64 bits for x86_64 guests', (t) => {
  const guest = new Guest('x86_64');
  const {memory} = guest.domain;
  memory.u32.set([20, 0, 21, 0, 22, 1], 0x400 / 4);
  // extent_start, nr_extents of 8 bytes, order, flags, domid.
  const words = [BASE + 0x400, 0, 3, 0, 0, 0, SELF, 0];
  t.is(guest.withWords(memory_op, 1, words).result, 2, 'the third lies beyond 2^32');
  t.false(memory.isPopulated(20) || memory.isPopulated(21));
  t.true(memory.isPopulated(22));
});
