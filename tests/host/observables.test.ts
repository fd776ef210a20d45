import {firstValueFrom, take, toArray} from 'rxjs';
import test, {type ExecutionContext} from 'ava';
import {stateName} from '../../hypervisor/xenbus/index.ts';
import {TestHost} from '../support/host.ts';

const DISK = 'disk=["format=raw,vdev=xvda,access=rw,target=ram:1M"]';
const VIF = 'vif=["mac=00:16:3e:00:00:01,bridge=xenbr0"]';
const S = 1e9;

const start = async (t: ExecutionContext): Promise<TestHost> => {
  const host = await TestHost.start();
  t.teardown(() => host.close());
  return host;
};

test('domainEvents: the steps of a life', async (t) => {
  const host = await start(t);
  const steps: string[] = [];
  host.host.domainEvents.subscribe(({type, domid}) => steps.push(`${domid} ${type}`));
  const domid = await host.boot('a');
  host.host.pause(domid);
  host.host.unpause(domid);
  await host.host.shutdown(domid, 'poweroff');
  await host.settle();
  t.deepEqual(steps, [
    '1 created',
    '1 unpaused',
    '1 paused',
    '1 unpaused',
    '1 shutdown',
    '1 paused',
    '1 dying',
    '1 destroyed',
  ]);
});

test('xenbusEvents: devices of both ends with their states', async (t) => {
  const host = await start(t);
  const seen: string[] = [];
  host.host.xenbusEvents.subscribe(({type, domid, device}) => {
    seen.push(`${domid} ${type} ${device.path}`);
    if (type === 'added') device.states.subscribe((state) => seen.push(`${domid} ${device.path} ${stateName(state)}`));
  });
  const domid = await host.boot('a', DISK);
  await host.host.disks.detach(domid, 'xvda');
  await host.settle();
  const of = (path: string): string[] =>
    seen.filter((line) => line.includes(path)).map((line) => line.replace(path, '').replace(/ +/g, ' '));
  t.deepEqual(of('backend/vbd/1/51712'), [
    '0 added ',
    '0 Initialising',
    '0 InitWait',
    '0 Connected',
    '0 Closed',
    '0 removed ',
  ]);
  t.deepEqual(of('device/vbd/51712'), [
    '1 added ',
    '1 Initialising',
    '1 Initialised',
    '1 Connected',
    '1 Closed',
    '1 removed ',
  ]);
});

test('watchEvents: what the store tells whom', async (t) => {
  const host = await start(t);
  const told: string[] = [];
  host.host.watchEvents.subscribe((events) => {
    for (const {connection, path} of events) told.push(`${connection} ${path}`);
  });
  const domid = await host.boot('a', DISK);
  t.true(told.includes(`dom0-kernel backend/vbd/${domid}/51712/state`));
  t.true(told.includes(`dom${domid} device/vbd/51712/state`) || told.includes(`dom${domid} device`));
  t.true(told.includes(`dom0-kernel /local/domain/${domid}/device/vbd/51712/state`));
});

test('upcalls: of one port, until it is closed', async (t) => {
  const host = await start(t);
  const domid = await host.boot('a', DISK);
  const port = Number(await host.read(`/local/domain/${domid}/device/vbd/51712/event-channel`));
  let upcalls = 0;
  let completed = false;
  host.host.upcalls(domid, port).subscribe({next: () => upcalls++, complete: () => (completed = true)});
  await host.shell(domid, 'dd if=/dev/xvda of=/dev/null bs=4k count=10');
  t.is(upcalls, 10);
  t.false(completed);
  await host.host.disks.detach(domid, 'xvda');
  t.true(completed);
});

test('batches of a disk, frames of a vif and of a bridge', async (t) => {
  const host = await start(t);
  const domid = await host.boot('a', `${DISK}\n${VIF}\nextra="ip=10.0.0.1/24"`);
  let requests = 0;
  host.host.disks.backend(domid, 'xvda').batches.subscribe((batch) => (requests += batch.requests));
  await host.shell(domid, 'dd if=/dev/xvda of=/dev/null bs=4k count=10');
  t.is(requests, 10);

  const ways: string[] = [];
  host.host.vifs
    .backend(domid, '0')
    .frames.subscribe(({direction, frames}) => frames.forEach(() => ways.push(direction)));
  let bridged = 0;
  host.host.bridge('xenbr0').frames.subscribe(({frames}) => (bridged += frames.length));
  await host.shell(domid, 'ping -c 2 10.0.0.254', 5 * S);
  // ARP and two echoes, and an answer to each.
  t.deepEqual(ways, ['tx', 'rx', 'tx', 'rx', 'tx', 'rx']);
  t.is(bridged, 6);
});

test('statistics: now and then, until the domain is gone', async (t) => {
  const host = await start(t);
  const domid = await host.boot('a', `${DISK}\n${VIF}`);
  const samples = host.host.clock.drive(firstValueFrom(host.host.statistics(domid, S).pipe(take(3), toArray())));
  await host.shell(domid, 'dd if=/dev/xvda of=/dev/null bs=4k count=10');
  const [first, second, third] = await samples;
  t.is(second.timeNs - first.timeNs, S);
  t.is(third.timeNs - second.timeNs, S);
  const reads = (sample: typeof first): number => sample.disks['backend/vbd/1/51712'].rd_req;
  t.is(reads(third) - reads(first), 10);
  t.true(third.upcalls >= first.upcalls + 10);
  t.deepEqual(Object.keys(third.vifs), ['backend/vif/1/0']);

  let completed = false;
  host.host.statistics(domid, S).subscribe({complete: () => (completed = true)});
  await host.host.destroy(domid);
  await host.settle(2 * S);
  t.true(completed);
});

test('frames that a subscriber sends from where it receives them go out', async (t) => {
  const host = await start(t);
  const domid = await host.boot('a', `${VIF}\nextra="ip=10.0.0.1/24"`);
  const tap = host.host.plug('xenbr0', {mac: '00:16:3e:00:00:99'});
  t.is(tap.name, 'tap0');
  const got: Uint8Array[] = [];
  tap.frames.subscribe((frames) => got.push(...frames));
  const vif = host.host.vifs.backend(domid, '0');
  const broadcast = new Uint8Array(60).fill(0xff, 0, 6);
  broadcast.set([0, 0x16, 0x3e, 0, 0, 0x99], 6);
  t.is(tap.send([broadcast]), 1);
  await host.settle();
  t.is(vif.stats().rxPackets, 1);
  tap.close();
  t.is(tap.send([broadcast]), 0);
});

test('what there is not, is refused', async (t) => {
  const host = await start(t);
  const domid = await host.boot('a', DISK);
  t.throws(() => host.host.disks.backend(domid, 'xvdb'), {message: 'Error: Device xvdb not connected.'});
  t.throws(() => host.host.vifs.backend(domid, '3'), {message: 'Unknown device 3.'});
  t.throws(() => host.host.bridge('nosuch'), {message: 'no bridge nosuch'});
  t.throws(() => host.host.plug('xenbr0', {mac: 'zz'}), {message: '"zz" is not a MAC address'});
});
