import test from 'ava';
import type {Gfn} from '../../hypervisor/index.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import {type BareDomain, BareHost} from '../support/domains.ts';

const ENOENT = -2;
const EINVAL = -22;
const EOPNOTSUPP = -95;
const PENDING = 2 ** 31;
const MASKED = 2 ** 30;
const LINKED = 2 ** 29;

const fifoPair = (host: BareHost) => {
  const a = host.create({pages: 256});
  const b = host.create();
  if (a.ops.evtchnUseFifo() !== 0) throw new Error('evtchnUseFifo');
  return {a, b};
};

/** A port of `a` that `b` can send to: a's number, b's number. */
const join = (a: BareDomain, b: BareDomain): [number, number] => {
  const port = a.ops.evtchnAllocUnbound(b.ops.domid);
  return [port, b.ops.evtchnBindInterdomain(a.ops.domid, port)];
};

test('events arrive in the order they were sent, each once', async (t) => {
  const host = new BareHost();
  const {a, b} = fifoPair(host);
  const ports = Array.from({length: 5}, () => join(a, b));
  const got: number[] = [];
  for (const [port] of ports) a.ops.events(port).subscribe(() => got.push(port));
  const order = [3, 0, 4, 1, 2];
  for (const i of order) b.ops.evtchnSend(ports[i][1]);
  b.ops.evtchnSend(ports[3][1]);
  await host.settle();
  t.deepEqual(
    got,
    order.map((i) => ports[i][0]),
  );
  b.ops.evtchnSend(ports[1][1]);
  await host.settle();
  t.is(got.length, 6);
});

test('more ports than 2-level words can hold all work', async (t) => {
  const host = new BareHost();
  const {a} = fifoPair(host);
  const {b} = {b: host.create({abi: 'x86_64'})};
  const {b: c} = {b: host.create({abi: 'x86_64'})};
  const got = new Set<number>();
  const sends: (() => void)[] = [];
  for (let i = 0; i < 6000; i++) {
    const peer = i % 2 === 0 ? b : c;
    const [port, theirs] = join(a, peer);
    a.ops.events(port).subscribe(() => got.add(port));
    sends.push(() => peer.ops.evtchnSend(theirs));
  }
  for (const send of sends) send();
  await host.settle();
  t.is(got.size, 6000);
});

test('the bits of a word, and the control block', async (t) => {
  const host = new BareHost();
  const {a, b} = fifoPair(host);
  // The kernel's first two free frames: the control block, then the event array.
  const control = 0;
  const array = PAGE_SIZE / 4;
  const [first, toFirst] = join(a, b);
  const [second, toSecond] = join(a, b);
  const {u32} = a.ops.memory;
  t.is(u32[array + first], MASKED);
  b.ops.evtchnSend(toFirst);
  t.is(u32[array + first], PENDING + MASKED, 'masked: pending, not linked');
  host.xen.pause(a.domain);
  a.ops.evtchnUnmask(first);
  a.ops.evtchnUnmask(second);
  t.is(u32[array + first], PENDING + LINKED);
  b.ops.evtchnSend(toSecond);
  t.is(u32[array + first], PENDING + LINKED + second, 'links to the next');
  t.is(u32[control], 1 << 7, 'ready: the default priority');
  t.is(u32[control + 2 + 7], first, 'head');
  host.xen.unpause(a.domain);
  await host.settle();
  t.is(u32[array + first], 0);
  t.is(u32[array + second], 0);
  t.is(u32[control], 0);
});

test('a handler that raises its own port is called again, by another upcall', async (t) => {
  const host = new BareHost();
  const {a} = fifoPair(host);
  const port = a.ops.evtchnBindIpi(0);
  let calls = 0;
  a.ops.events(port).subscribe(() => {
    if (++calls < 10) a.ops.evtchnSend(port);
  });
  a.ops.evtchnSend(port);
  await host.settle();
  t.is(calls, 10);
});

test('a change of words in the middle carries pending events over', async (t) => {
  const host = new BareHost();
  const a = host.create({pages: 256});
  const b = host.create();
  const [port, theirs] = join(a, b);
  b.ops.evtchnSend(theirs);
  t.is(a.ops.evtchnUseFifo(), 0);
  let calls = 0;
  a.ops.events(port).subscribe(() => calls++);
  await host.settle();
  t.is(calls, 1);
});

test('an event on a port whose word is not there yet is kept until the array grows', async (t) => {
  const host = new BareHost();
  const {a, b} = fifoPair(host);
  const channels = host.xen.eventChannels;
  // Straight to the hypervisor: the kernel does not make room.
  let port = 0;
  while (port < 1024) port = channels.allocUnbound(a.domain, a.ops.domid, b.ops.domid);
  b.ops.evtchnSend(b.ops.evtchnBindInterdomain(a.ops.domid, port));
  const page = a.ops.pages.alloc() as Gfn;
  t.is(channels.expandArray(a.domain, page), 0);
  t.is(a.ops.memory.u32[(page * PAGE_SIZE) / 4], PENDING + LINKED);
});

test('wrong arguments have their errno', (t) => {
  const host = new BareHost();
  const {a, b} = fifoPair(host);
  const channels = host.xen.eventChannels;
  const cases: [string, number, number][] = [
    ['expand without FIFO', channels.expandArray(b.domain, 1), EOPNOTSUPP],
    ['expand with no frame', channels.expandArray(a.domain, 1e6), EINVAL],
    ['control block on a missing vcpu', channels.initControl(b.domain, 0, 9), ENOENT],
    ['control block across a page', channels.initControl(b.domain, PAGE_SIZE - 64, 0), EINVAL],
    ['control block not aligned', channels.initControl(b.domain, 4, 0), EINVAL],
    ['control block outside memory', channels.initControl(b.domain, 1e9, 0), EINVAL],
    ['control block', channels.initControl(b.domain, PAGE_SIZE, 0), 17],
    ['another control block', channels.initControl(b.domain, PAGE_SIZE * 2, 0), EINVAL],
    ['reset', channels.reset(b.domain, b.ops.domid), 0],
    ['expand after a reset', channels.expandArray(b.domain, 1), EOPNOTSUPP],
    ['control block after a reset', channels.initControl(b.domain, PAGE_SIZE, 0), 17],
  ];
  for (const [what, got, due] of cases) t.is(got, due, what);
});

test('a queue whose links were scribbled into a loop ends', async (t) => {
  const host = new BareHost();
  const {a, b} = fifoPair(host);
  const [first, toFirst] = join(a, b);
  a.ops.events(first).subscribe(() => undefined);
  await host.settle();
  host.xen.pause(a.domain);
  b.ops.evtchnSend(toFirst);
  a.ops.memory.u32[PAGE_SIZE / 4 + first] |= first;
  host.xen.unpause(a.domain);
  await host.settle();
  t.pass();
});
