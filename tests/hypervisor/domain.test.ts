import test from 'ava';
import {filter, map, type Observable} from 'rxjs';
import type {DomainEvent, DomId, Gfn} from '../../hypervisor/index.ts';
import {ProgramVcpu} from '../../hypervisor/vcpu/index.ts';
import {formatRecord} from '../../hypervisor/trace/index.ts';
import {BareHost} from '../support/domains.ts';

const GNTMAP_host_map = 2;

test('memory is accounted against the host: -ENOMEM, and given back at the end', (t) => {
  const host = new BareHost(1, 1);
  t.is(host.xen.freePages, 256);
  const a = host.create({pages: 200});
  t.is(host.xen.freePages, 56);
  const refused = host.xen.createDomain({
    pages: 57,
    vcpu: (domain, index) => new ProgramVcpu(domain, index, host.schedule, host.xen.trace),
  });
  t.is(refused, -12);
  t.is(host.xen.domainTable.size, 1, 'nothing half-created');
  host.xen.destroy(a.domain);
  t.is(host.xen.freePages, 256);
});

test('wrong sizes and vCPU counts are -EINVAL', (t) => {
  const {xen, schedule} = new BareHost();
  for (const options of [{pages: 0}, {pages: -5}, {pages: 10, vcpus: 0}, {pages: 10, vcpus: 33}]) {
    t.is(
      xen.createDomain({...options, vcpu: (domain, index) => new ProgramVcpu(domain, index, schedule, xen.trace)}),
      -22,
    );
  }
});

test('a life is told as events, and the table is a new value at each', (t) => {
  const host = new BareHost();
  const events: DomainEvent[] = [];
  host.xen.domainEvents.subscribe((event) => events.push(event));
  const before = host.xen.domainTable;
  const {domain} = host.create();
  host.xen.pause(domain);
  host.xen.pause(domain);
  host.xen.unpause(domain);
  host.xen.unpause(domain);
  t.is(host.xen.unpause(domain), -22);
  t.is(host.xen.shutdown(domain, 9), -22);
  host.xen.shutdown(domain, 1);
  host.xen.shutdown(domain, 3);
  host.xen.destroy(domain);
  t.deepEqual(
    events.map(({type}) => type),
    ['created', 'unpaused', 'paused', 'unpaused', 'shutdown', 'dying', 'destroyed'],
  );
  t.is(events[4].info.shutdownReason, 1, 'the first reason stays');
  t.is(before.size, 0);
  t.is(host.xen.domainTable.size, 0);
});

test('domain ids count up and are not reused at once', (t) => {
  const host = new BareHost();
  const a = host.create();
  host.xen.destroy(a.domain);
  t.is(host.create().ops.domid, 2 as DomId);
});

test('a dead domain leaves no mapping, no port and no timer', async (t) => {
  const host = new BareHost();
  const a = host.create();
  const b = host.create();
  const ref = a.ops.grantor.grantAccess(b.ops.domid, a.ops.pages.alloc() as Gfn, false);
  b.ops.gnttabMap(a.ops.domid, ref, GNTMAP_host_map);
  const port = a.ops.evtchnAllocUnbound(b.ops.domid);
  b.ops.evtchnBindInterdomain(a.ops.domid, port);
  b.ops.evtchnBindVirq(0, 0);
  b.ops.setTimer(0, 1e9);
  b.ops.schedule.after(1, () => t.fail('code of a dead domain ran'));
  host.xen.destroy(b.domain);
  await host.schedule.sleep(2e9);
  t.is(a.domain.grants.pinned, 0);
  t.true(a.ops.grantor.endAccess(ref));
  t.like(a.ops.evtchnStatus(0x7ff0, port), {status: 1});
  t.is(host.xen.domain(b.ops.domid), undefined);
});

test('a domain whose pages are mapped stays dying until the last unmap', (t) => {
  const host = new BareHost();
  const a = host.create();
  const b = host.create();
  const gfn = a.ops.pages.alloc() as Gfn;
  const ref = a.ops.grantor.grantAccess(b.ops.domid, gfn, false);
  const handle = b.ops.gnttabMap(a.ops.domid, ref, GNTMAP_host_map);
  host.xen.destroy(a.domain);
  t.true(host.xen.domainTable.get(a.ops.domid)?.dying);
  t.is(b.ops.gnttabMap(a.ops.domid, ref, GNTMAP_host_map), -2, 'no new mapping of a dying domain');
  b.ops.mappedMemory(handle).u8[b.ops.mappedOffset(handle)] = 1;
  t.is(b.ops.gnttabUnmap(handle), 0);
  t.is(host.xen.domainTable.get(a.ops.domid), undefined);
});

test('an exception in a guest’s code crashes that domain alone', async (t) => {
  const host = new BareHost();
  const a = host.create();
  const b = host.create();
  a.ops.schedule.post(() => {
    throw new Error('null pointer');
  });
  await host.settle();
  t.is(host.xen.domainTable.get(a.ops.domid)?.shutdownReason, 3);
  t.regex(host.xen.consoleLines.join('\n'), /Domain 1 crashed: Error: null pointer/);
  t.false(host.xen.domainTable.get(b.ops.domid)?.shutdown);
});

test('an exception in an event handler crashes the guest, not the host', async (t) => {
  const host = new BareHost();
  const a = host.create();
  const port = a.ops.evtchnBindIpi(0);
  a.ops.events(port).subscribe(() => {
    throw new Error('in a handler');
  });
  a.ops.evtchnSend(port);
  await host.settle();
  t.is(host.xen.domainTable.get(a.ops.domid)?.shutdownReason, 3);
});

test('what a subscriber throws in an operator or without an error handler is the domain’s fault too', async (t) => {
  const host = new BareHost();
  for (const subscribe of [
    (events: Observable<void>) =>
      events
        .pipe(
          map(() => {
            throw new Error('in an operator');
          }),
        )
        .subscribe(),
    (events: Observable<void>) =>
      events.pipe(filter(() => true)).subscribe({
        next: () => {
          throw new Error('below an operator');
        },
      }),
  ]) {
    const {ops} = host.create();
    const port = ops.evtchnBindIpi(0);
    subscribe(ops.events(port));
    ops.evtchnSend(port);
    await host.settle();
    t.is(host.xen.domainTable.get(ops.domid)?.shutdownReason, 3);
  }
});

test('trace records print as one line with their fields', (t) => {
  const host = new BareHost();
  const lines: string[] = [];
  const stop = host.xen.trace.addSink((record) => lines.push(formatRecord(record)));
  const {ops} = host.create();
  ops.evtchnAllocUnbound(0);
  stop();
  ops.evtchnAllocUnbound(0);
  t.deepEqual(lines, [
    '           0 d1 domain_create pages=64 vcpus=1',
    '           0 d1 domain_unpause count=0',
    '           0 d1 evtchn_alloc_unbound port=1 remote=0',
  ]);
});
