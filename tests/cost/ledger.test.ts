import test from 'ava';
import {counted, difference, formatEntry, Ledger, type Side, sum, toRecord} from '../../hypervisor/cost/index.ts';
import {BareHost} from '../support/domains.ts';

const disk = (side: Side, domid = 1) => ({domid, device: 'vbd/51712', side});

test('a device that comes again goes on in its account; sides are apart', (t) => {
  const ledger = new Ledger();
  const account = ledger.account(disk('front'));
  t.is(ledger.account(disk('front')), account);
  account.add(counted.hypercall);
  ledger.account(disk('back')).add(counted.grantMap, 4);
  t.deepEqual(ledger.read().map(formatEntry), ['d1 vbd/51712 front hypercall=1', 'd1 vbd/51712 back grantMap=4']);
});

test('a reading does not change any more; two of them make a difference', (t) => {
  const ledger = new Ledger();
  const account = ledger.account(disk('front'));
  account.add(counted.pio, 3);
  const before = ledger.read();
  account.add(counted.pio, 4);
  ledger.account(disk('back')).add(counted.memcpyBytes, 512);
  t.is(before[0].counts[counted.pio], 3);
  const added = difference(ledger.read(), before);
  t.deepEqual(added.map(formatEntry), ['d1 vbd/51712 front pio=4', 'd1 vbd/51712 back memcpyBytes=512']);
  t.deepEqual(toRecord(sum(added)), {pio: 4, memcpyBytes: 512});
});

test('operations of one batch are one hypercall, 64 of them at most', (t) => {
  const account = new Ledger().account(disk('back'));
  for (let i = 0; i < 70; i++) account.addBatched(counted.grantCopy);
  account.addBatched(counted.grantMap);
  t.like(toRecord(account.counts), {hypercall: 3, grantCopy: 70, grantMap: 1});
  account.endBatch();
  account.addBatched(counted.grantCopy);
  t.is(account.counts[counted.hypercall], 4);
});

test('accounts have a limit: what comes after them shares one a side', (t) => {
  const ledger = new Ledger();
  for (let devid = 0; devid < 5000; devid++)
    ledger.account({domid: 1, device: `vbd/${devid}`, side: 'front'}).add(counted.upcall);
  const entries = ledger.read();
  t.is(entries.length, 4097);
  t.is(formatEntry(entries[4096]), 'd-1 others front upcall=904');
  t.is(sum(entries)[counted.upcall], 5000);
});

test('a domain that is gone leaves no accounts', (t) => {
  const ledger = new Ledger();
  ledger.account(disk('front', 1)).add(counted.pio);
  ledger.account(disk('back', 2)).add(counted.pio);
  ledger.forget(1);
  t.deepEqual(ledger.read().map(formatEntry), ['d2 vbd/51712 back pio=1']);
});

test('events are those of the ports, also when they are closed, and when a number is given again', (t) => {
  const ledger = new Ledger();
  const host = new BareHost(1, 64, ledger);
  const dom0 = host.createDom0().ops;
  const guest = host.create().ops;
  const events = (): string[] => ledger.read().map(formatEntry);
  const remote = guest.evtchnAllocUnbound(0);
  const port = dom0.evtchnBindInterdomain(guest.domid, remote);
  ledger.nameChannel(disk('back', guest.domid), {domid: 0, port}, {domid: guest.domid, port: remote});
  for (let i = 0; i < 3; i++) guest.evtchnSend(remote);
  // Binding made the port pending; the sends found it so.
  t.deepEqual(events(), ['d1 vbd/51712 back upcall=1', 'd1 vbd/51712 front hypercall=3 evtchnSend=3']);
  guest.evtchnClose(remote);
  t.is(guest.evtchnAllocUnbound(0), remote, 'the same number, for something else');
  guest.evtchnSend(remote);
  t.deepEqual(events(), ['d1 vbd/51712 back upcall=1', 'd1 vbd/51712 front hypercall=3 evtchnSend=3']);
});
