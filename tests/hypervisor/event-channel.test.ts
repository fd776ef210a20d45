import test from 'ava';
import {layoutOf} from '../../hypervisor/abi/layout.ts';
import {shared_info, vcpu_info} from '../../hypervisor/abi/xen.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import {BareHost} from '../support/domains.ts';

const EPERM = -1;
const EBUSY = -16;
const ENOENT = -2;
const ESRCH = -3;
const EEXIST = -17;
const EINVAL = -22;
const ENOSPC = -28;
const DOMID_SELF = 0x7ff0;
const VIRQ_TIMER = 0;
const VIRQ_DOM_EXC = 3;

const pair = (host: BareHost) => {
  const a = host.create();
  const b = host.create();
  const remotePort = a.ops.evtchnAllocUnbound(b.ops.domid);
  const port = b.ops.evtchnBindInterdomain(a.ops.domid, remotePort);
  return {a, b, aPort: remotePort, bPort: port};
};

test('alloc_unbound gives the lowest free port, from 1', (t) => {
  const {ops} = new BareHost().create();
  t.deepEqual([ops.evtchnAllocUnbound(7), ops.evtchnAllocUnbound(7), ops.evtchnAllocUnbound(7)], [1, 2, 3]);
  ops.evtchnClose(2);
  ops.evtchnClose(1);
  t.deepEqual([ops.evtchnAllocUnbound(7), ops.evtchnAllocUnbound(7), ops.evtchnAllocUnbound(7)], [1, 2, 4]);
});

test('an event sets the pending word in the receiver’s shared_info and is dispatched once', async (t) => {
  const host = new BareHost();
  const {a, b, aPort, bPort} = pair(host);
  const word = (a.domain.sharedInfoGfn * PAGE_SIZE + 2048) / 4;
  let upcalls = 0;
  t.is(b.ops.evtchnSend(bPort), 0);
  t.is(a.ops.memory.u32[word] & (1 << aPort), 1 << aPort, 'pending while masked');
  await host.settle();
  a.ops.events(aPort).subscribe(() => upcalls++);
  await host.settle();
  t.is(upcalls, 1, 'unmask delivers what came before');
  b.ops.evtchnSend(bPort);
  b.ops.evtchnSend(bPort);
  await host.settle();
  t.is(upcalls, 2, 'two sends before the upcall are one event');
  t.is(a.ops.memory.u32[word], 0);
});

test('bind_interdomain starts with a pending event on the new port', async (t) => {
  const host = new BareHost();
  const {b, bPort} = pair(host);
  let upcalls = 0;
  b.ops.events(bPort).subscribe(() => upcalls++);
  await host.settle();
  t.is(upcalls, 1);
});

test('a masked port keeps its event until unmask', async (t) => {
  const host = new BareHost();
  const {a, b, aPort, bPort} = pair(host);
  let upcalls = 0;
  a.ops.events(aPort).subscribe(() => upcalls++);
  a.ops.evtchnMask(aPort);
  b.ops.evtchnSend(bPort);
  await host.settle();
  t.is(upcalls, 0);
  a.ops.evtchnUnmask(aPort);
  await host.settle();
  t.is(upcalls, 1);
});

test('a paused domain gets its events when it runs again', async (t) => {
  const host = new BareHost();
  const {a, b, aPort, bPort} = pair(host);
  let upcalls = 0;
  a.ops.events(aPort).subscribe(() => upcalls++);
  host.xen.pause(a.domain);
  b.ops.evtchnSend(bPort);
  await host.settle();
  t.is(upcalls, 0);
  host.xen.unpause(a.domain);
  await host.settle();
  t.is(upcalls, 1);
});

test('wrong arguments have their errno', (t) => {
  const host = new BareHost();
  const dom0 = host.createDom0();
  const {a, b, aPort, bPort} = pair(host);
  const c = host.create();
  const cases: [string, number, number][] = [
    ['bind to a domain that is not there', b.ops.evtchnBindInterdomain(99, 1), ESRCH],
    ['bind to a port that is bound', c.ops.evtchnBindInterdomain(a.ops.domid, aPort), EINVAL],
    ['bind to a port for another', c.ops.evtchnBindInterdomain(a.ops.domid, a.ops.evtchnAllocUnbound(0)), EINVAL],
    ['bind to port 0', b.ops.evtchnBindInterdomain(a.ops.domid, 0), EINVAL],
    ['bind to a port beyond the table', b.ops.evtchnBindInterdomain(a.ops.domid, 1e6), EINVAL],
    ['send on a closed port', a.ops.evtchnSend(77), EINVAL],
    ['send on port 0', a.ops.evtchnSend(0), EINVAL],
    ['close a closed port', a.ops.evtchnClose(77), EINVAL],
    ['unmask a closed port', a.ops.evtchnUnmask(77), EINVAL],
    ['bind a virq that is not one', a.ops.evtchnBindVirq(24, 0), EINVAL],
    ['bind a virq on a missing vcpu', a.ops.evtchnBindVirq(VIRQ_TIMER, 5), ENOENT],
    ['bind a global virq as a guest', a.ops.evtchnBindVirq(VIRQ_DOM_EXC, 0), EBUSY],
    ['bind an ipi on a missing vcpu', a.ops.evtchnBindIpi(5), ENOENT],
    ['status of another domain as a guest', a.ops.evtchnStatus(b.ops.domid, bPort) as number, EPERM],
    ['status of a missing domain', dom0.ops.evtchnStatus(99, 1) as number, ESRCH],
    ['status of port 0', a.ops.evtchnStatus(DOMID_SELF, 0) as number, EINVAL],
    ['send on an unbound port is dropped', dom0.ops.evtchnSend(dom0.ops.evtchnAllocUnbound(a.ops.domid)), 0],
    ['alloc for another domain as a guest', host.xen.eventChannels.allocUnbound(a.domain, b.ops.domid, 0), EPERM],
  ];
  for (const [what, got, due] of cases) t.is(got, due, what);
  t.is(a.ops.evtchnBindVirq(VIRQ_TIMER, 0) > 0, true);
  t.is(a.ops.evtchnBindVirq(VIRQ_TIMER, 0), EEXIST, 'a virq binds once');
});

test('the port table ends at 4096 ports, 1024 for a 32-bit guest', (t) => {
  const host = new BareHost();
  for (const [abi, limit] of [
    ['x86_64', 4096],
    ['x86_32', 1024],
  ] as const) {
    const {ops} = host.create({abi});
    for (let port = 1; port < limit; port++) if (ops.evtchnAllocUnbound(0) !== port) t.fail(`port ${port}`);
    t.is(ops.evtchnAllocUnbound(0), ENOSPC, abi);
  }
});

test('every port of both ABIs reaches its handler through the selector', async (t) => {
  const host = new BareHost();
  for (const abi of ['x86_64', 'x86_32'] as const) {
    const a = host.create({abi});
    const b = host.create({abi});
    const got: number[] = [];
    const ports: number[] = [];
    for (let i = 1; i < 1024; i++) {
      const port = a.ops.evtchnAllocUnbound(b.ops.domid);
      a.ops.events(port).subscribe(() => got.push(port));
      ports.push(b.ops.evtchnBindInterdomain(a.ops.domid, port));
    }
    for (const port of ports) b.ops.evtchnSend(port);
    await host.settle();
    t.deepEqual(
      got.toSorted((x, y) => x - y),
      Array.from({length: 1023}, (_, i) => i + 1),
    );
  }
});

test('close leaves the peer unbound, open to the closer again', (t) => {
  const host = new BareHost();
  const {a, b, aPort, bPort} = pair(host);
  t.is(b.ops.evtchnClose(bPort), 0);
  t.deepEqual(a.ops.evtchnStatus(DOMID_SELF, aPort), {status: 1, vcpu: 0, remoteDomid: b.ops.domid});
  t.true(b.ops.evtchnBindInterdomain(a.ops.domid, aPort) > 0);
  t.deepEqual(a.ops.evtchnStatus(DOMID_SELF, aPort), {status: 2, vcpu: 0, remoteDomid: b.ops.domid, remotePort: bPort});
});

test('reset closes every port', (t) => {
  const host = new BareHost();
  const {a, b, bPort} = pair(host);
  a.ops.evtchnBindIpi(0);
  t.is(a.ops.evtchnReset(), 0);
  t.deepEqual([...a.domain.ports.open()], []);
  t.like(b.ops.evtchnStatus(DOMID_SELF, bPort), {status: 1});
});

test('an IPI reaches its own domain', async (t) => {
  const host = new BareHost();
  const {ops} = host.create();
  const port = ops.evtchnBindIpi(0);
  let upcalls = 0;
  ops.events(port).subscribe(() => upcalls++);
  ops.evtchnSend(port);
  await host.settle();
  t.is(upcalls, 1);
});

test('VIRQ_TIMER fires at its time, once', async (t) => {
  const host = new BareHost();
  const {ops} = host.create();
  const fired: number[] = [];
  ops.events(ops.evtchnBindVirq(VIRQ_TIMER, 0)).subscribe(() => fired.push(ops.schedule.now()));
  ops.setTimer(0, 9e6);
  ops.setTimer(0, 5e6);
  await host.schedule.sleep(20e6);
  t.deepEqual(fired, [5e6]);
});

test('VIRQ_DOM_EXC tells dom0 of a shutdown and of a death; VIRQ_DEBUG reaches the guest', async (t) => {
  const host = new BareHost();
  const dom0 = host.createDom0();
  const guest = host.create();
  let exceptions = 0;
  let debug = 0;
  dom0.ops.events(dom0.ops.evtchnBindVirq(VIRQ_DOM_EXC, 0)).subscribe(() => exceptions++);
  guest.ops.events(guest.ops.evtchnBindVirq(1, 0)).subscribe(() => debug++);
  host.xen.sendDebugVirq(guest.domain);
  await host.settle();
  t.is(debug, 1);
  guest.ops.shutdown(0);
  await host.settle();
  t.is(exceptions, 1);
  host.xen.destroy(guest.domain);
  await host.settle();
  t.is(exceptions, 2);
});

test('a guest that scribbles over its event words hurts only itself', async (t) => {
  const host = new BareHost();
  const {a, b, bPort} = pair(host);
  a.ops.memory.u8.fill(0xff, a.domain.sharedInfoGfn * PAGE_SIZE, (a.domain.sharedInfoGfn + 1) * PAGE_SIZE);
  t.is(b.ops.evtchnSend(bPort), 0);
  host.xen.pause(a.domain);
  host.xen.unpause(a.domain);
  await host.settle();
  t.false(a.domain.dying);
});

test('the offsets used are those of the layouts', (t) => {
  for (const [abi, mask, sel] of [
    ['x86_64', 2560, 8],
    ['x86_32', 2176, 4],
  ] as const) {
    const fields = new Map(layoutOf(shared_info, abi).fields.map((field) => [field.name, field.offset]));
    t.is(fields.get('evtchn_pending'), 2048);
    t.is(fields.get('evtchn_mask'), mask);
    const vcpu = layoutOf(vcpu_info, abi);
    t.is(vcpu.size, 64);
    t.is(vcpu.fields.find(({name}) => name === 'evtchn_pending_sel')?.offset, sel);
  }
});
