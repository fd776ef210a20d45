import test from 'ava';
import type {Breach, Ledger} from '../../toolstack/referee/index.ts';
import {TestHost} from '../support/host.ts';
import {XlHost} from '../support/xl.ts';

const DEVICES = 'disk=["ram:1m,raw,xvda,rw"]\nvif=["bridge=xenbr0"]\n';
const WORK = 'dd if=/dev/xvda of=/dev/xvda bs=4096 count=64';

/** A broken driver: it claims more requests than its disk's ring holds. */
const overrun = async ({host}: TestHost, domid: number): Promise<void> => {
  const domain = host.xen.domain(domid);
  const ref = Number(await host.clock.drive(host.xs.read(`/local/domain/${domid}/device/vbd/51712/ring-ref`)));
  if (domain === undefined) throw new Error('no domain');
  const {grants, memory} = domain;
  memory.u32[memory.u32[grants.entryWord(ref) + 1] * 1024] += 100;
};

const watch = ({host}: TestHost): {breaches: Breach[]; ledgers: Ledger[]} => {
  const seen = {breaches: [] as Breach[], ledgers: [] as Ledger[]};
  host.breaches.subscribe((breach) => void seen.breaches.push(breach));
  host.ledgers.subscribe((ledger) => void seen.ledgers.push(ledger));
  return seen;
};

test('a host with a referee: work, hotplug, reboot and end of a guest break nothing and leave nothing behind', async (t) => {
  const own = await TestHost.start({referee: true});
  const seen = watch(own);
  const domid = await own.boot('a', DEVICES);
  await own.shell(domid, WORK);
  await own.host.disks.attach(domid, {...own.host.config(domid).disks[0], vdev: 'xvdb', target: 'ram:1m'});
  await own.settle();
  await own.host.disks.detach(domid, 'xvdb');
  await own.host.shutdown(domid, 'reboot');
  await own.settle(20e9);
  t.deepEqual(seen.breaches, []);
  t.like(seen.ledgers[0], {domid, leaks: [], spuriousEvents: 0});
  t.is(seen.ledgers.length, 1);
  await own.host.destroy(own.host.resolve('a') ?? domid);
  await own.close();
  t.deepEqual(seen.breaches, []);
  t.is(seen.ledgers.length, 2, 'an account that is open is closed with the host');
});

test('what a guest breaks is told in a stream, on xl dmesg and in the log of the host', async (t) => {
  const own = await TestHost.start({referee: true});
  const seen = watch(own);
  const domid = await own.boot('a', DEVICES);
  await overrun(own, domid);
  await own.shell(domid, WORK);
  t.like(seen.breaches[0], {domid, device: 'd1 vbd/51712', clause: 'RING-IDX-02'});
  t.is(seen.breaches.length, 1, 'nothing is judged by an index that is wrong');
  const line = /^referee: d1, d1 vbd\/51712, RING-IDX-02: req_prod went from \d+ to \d+, .*; legal: 32 requests/;
  t.regex(own.log.find((each) => each.startsWith('referee')) ?? '', line);
  t.true(own.host.dmesg().some((each) => line.test(each.replace('(XEN) ', ''))));
  await own.close();
});

test('referee=1 in a config has that domain watched, after a restart too, and no other', async (t) => {
  const own = await TestHost.start();
  const seen = watch(own);
  const other = await own.boot('other', DEVICES);
  const first = await own.boot('a', `${DEVICES}referee=1\n`);
  await overrun(own, other);
  await own.shell(other, WORK);
  t.deepEqual(seen.breaches, []);
  await overrun(own, first);
  await own.shell(first, WORK);
  t.deepEqual(
    seen.breaches.map(({clause}) => clause),
    ['RING-IDX-02'],
  );
  await own.host.shutdown(first, 'reboot');
  await own.settle(20e9);
  const second = own.host.resolve('a') ?? first;
  t.not(second, first);
  await overrun(own, second);
  await own.shell(second, WORK);
  t.is(seen.breaches.at(-1)?.device, `d${second} vbd/51712`);
  await own.close();
  t.deepEqual(new Set(seen.ledgers.map(({domid}) => domid)), new Set([first, second]));
});

test('a host without one is not looked at', async (t) => {
  const own = await TestHost.start();
  const seen = watch(own);
  const domid = await own.boot('a', DEVICES);
  t.is(own.host.clock.between, undefined);
  await overrun(own, domid);
  await own.shell(domid, WORK);
  await own.close();
  t.deepEqual(seen, {breaches: [], ledgers: []});
});

test('xl create --referee and pvsim host start --referee', async (t) => {
  const host = XlHost.at(t);
  host.write('a.cfg', `name="a"\nkernel="builtin"\nmemory=16\n${DEVICES}`);
  await host.ok('create', '--referee', 'a.cfg');
  await host.ok('destroy', 'a');
  await host.stop();
  const whole = XlHost.at(t);
  t.is((await whole.pvsim('host', 'start', '--referee')).status, 0);
  await whole.create('b', DEVICES);
  await whole.ok('destroy', 'b');
  await whole.stop();
  for (const each of [host, whole]) t.regex(each.read('log/daemon.log'), /referee: d1 leaves nothing behind/);
});
