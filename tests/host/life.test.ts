import test, {type ExecutionContext} from 'ava';
import {SHUTDOWN_poweroff} from '../../hypervisor/abi/sched.ts';
import type {DomId} from '../../hypervisor/index.ts';
import type {DiskConfig} from '../../toolstack/config/index.ts';
import {footprintOf} from '../support/footprint.ts';
import {TestHost} from '../support/host.ts';

const DISK = 'disk=["format=raw,vdev=xvda,access=rw,target=ram:1M"]';
const VIF = 'vif=["bridge=xenbr0"]';
const RAM_DISK: DiskConfig = {
  vdev: 'xvdb',
  format: 'raw',
  target: 'ram:1M',
  readwrite: true,
  removable: false,
  cdrom: false,
  directIoSafe: false,
};
const S = 1e9;

const start = async (t: ExecutionContext): Promise<TestHost> => {
  const host = await TestHost.start();
  t.teardown(() => host.close());
  // The first guest makes these, and they stay.
  for (const path of ['/vm', '/libxl']) await host.host.clock.drive(host.host.xs.mkdir(path));
  return host;
};

const stateOf = (host: TestHost, name: string): string | undefined =>
  host.host.domains().find((domain) => domain.name === name)?.state;

test('a paused domain does not run; unpaused it goes on where it was', async (t) => {
  const host = await start(t);
  const domid = await host.create(`name="a"\nkernel="builtin"\nmemory=16\n${DISK}`, {paused: true});
  await host.settle(10 * S);
  t.is(host.consoleText(domid), '');
  t.is(stateOf(host, 'a'), '--p---');
  host.host.unpause(domid);
  await host.host.waitConnected(domid);
  await host.settle();
  t.regex(host.consoleText(domid), /a# $/);
  t.is(stateOf(host, 'a'), '-b----');

  host.host.pause(domid);
  t.is(await host.shell(domid, 'echo back', 10 * S), '');
  host.host.unpause(domid);
  await host.settle();
  t.true(host.consoleText(domid).endsWith('echo back\r\nback\r\na# '));
});

test('pauses nest', async (t) => {
  const host = await start(t);
  const domid = await host.boot('a');
  host.host.pause(domid);
  host.host.pause(domid);
  host.host.unpause(domid);
  t.is(stateOf(host, 'a'), '--p---');
  host.host.unpause(domid);
  t.is(stateOf(host, 'a'), '-b----');
});

test('a domain is renamed, but not to a name that another one has', async (t) => {
  const host = await start(t);
  const a = await host.boot('a');
  await host.boot('b');
  const error = await t.throwsAsync(host.host.rename(a, 'b'));
  t.is(error.message, `libxl: error: Domain ${a}:Domain with name "b" already exists.`);
  await host.host.rename(a, 'c');
  t.is(host.host.resolve('c'), a);
  t.is(host.host.resolve('a'), undefined);
  t.is(await host.read(`/vm/${host.host.config(a).uuid}/name`), 'c');
  t.is(host.host.config(a).name, 'c');
});

test('a disk and a nic come and go while the guest runs, and leave nothing behind', async (t) => {
  const host = await start(t);
  const domid = await host.boot('a', `${DISK}\n${VIF}`);
  const guest = host.host.xen.domain(domid);
  const guestHolds = (): object => ({ports: [...(guest?.ports.open() ?? [])].length, pinned: guest?.grants.pinned});
  const before = {host: footprintOf(host), guest: guestHolds()};

  for (let round = 0; round < 3; round++) {
    await host.host.disks.attach(domid, RAM_DISK);
    await host.host.vifs.attach(domid, {mac: '00:16:3e:00:00:02', bridge: 'xenbr0'});
    await host.host.waitConnected(domid);
    await host.settle();
    t.regex(await host.shell(domid, 'lsblk'), /xvdb/);
    t.regex(await host.shell(domid, 'ip link'), /eth1.*\n.*00:16:3e:00:00:02/);
    t.regex(await host.shell(domid, 'dd if=/dev/zero of=/dev/xvdb bs=64k', 5 * S), /16\+0 records out/);
    t.is((await host.host.disks.list(domid)).length, 2);
    t.is((await host.host.vifs.list(domid)).length, 2);

    await host.host.disks.detach(domid, 'xvdb');
    await host.host.vifs.detach(domid, '00:16:3e:00:00:02');
    await host.settle();
    t.notRegex(await host.shell(domid, 'lsblk'), /xvdb/);
    t.notRegex(await host.shell(domid, 'ip link'), /eth1/);
    t.deepEqual({host: footprintOf(host), guest: guestHolds()}, before, `round ${round}`);
  }
  t.deepEqual(
    host.host.config(domid).disks.map(({vdev}) => vdev),
    ['xvda'],
  );
});

test('a device that is there already is not attached again; one that is not there is not detached', async (t) => {
  const host = await start(t);
  const domid = await host.boot('a', DISK);
  const again = await t.throwsAsync(host.host.disks.attach(domid, {...RAM_DISK, vdev: 'xvda'}));
  t.is(again.message, `libxl: error: Domain ${domid}:device already exists in xenstore`);
  const absent = await t.throwsAsync(host.host.disks.detach(domid, 'xvdz'));
  t.is(absent.message, 'Error: Device xvdz not connected.');
});

test('a guest that does not run keeps its disk: the detach times out, forced it goes', async (t) => {
  const host = await start(t);
  const domid = await host.boot('a', DISK);
  host.host.pause(domid);
  const startNs = host.host.clock.now();
  const error = await t.throwsAsync(host.host.disks.detach(domid, 'xvda'));
  t.is(
    error.message,
    `libxl: error: Domain ${domid}:unable to remove device with path /local/domain/0/backend/vbd/${domid}/51712`,
  );
  t.is(host.host.clock.now() - startNs, 10 * S);
  await host.host.disks.detach(domid, 'xvda', {force: true});
  t.deepEqual(await host.host.disks.list(domid), []);
});

for (const [trigger, lastWords] of [
  ['poweroff', 'reboot: Power down'],
  ['halt', 'reboot: System halted'],
] as const) {
  test(`${trigger} is acknowledged, and the domain goes`, async (t) => {
    const host = await start(t);
    const before = footprintOf(host);
    const domid = await host.boot('a', `${DISK}\n${VIF}`);
    const end = host.host.waitShutdown(domid);
    await host.host.shutdown(domid, trigger);
    t.is(await end, SHUTDOWN_poweroff);
    await host.settle();
    t.true(host.consoleText(domid).includes(lastWords), host.consoleText(domid));
    t.deepEqual(host.log, [
      `Domain ${domid} has shut down, reason code 0 0x0`,
      'Action for shutdown reason code 0 is destroy',
      `Domain ${domid} has been destroyed.`,
    ]);
    t.deepEqual(footprintOf(host), before);
  });
}

test('a request that nobody takes is withdrawn after a minute', async (t) => {
  const host = await start(t);
  const domid = await host.boot('a');
  host.host.pause(domid);
  const startNs = host.host.clock.now();
  const error = await t.throwsAsync(host.host.shutdown(domid, 'poweroff'));
  t.is(error.message, `libxl: error: Domain ${domid}:guest didn't acknowledge control request: -9`);
  t.like(error, {code: 'ETIMEDOUT'});
  t.is(host.host.clock.now() - startNs, 60 * S);
  t.is(await host.read(`/local/domain/${domid}/control/shutdown`), '');
  host.host.unpause(domid);
  await host.settle(5 * S);
  t.is(stateOf(host, 'a'), '-b----');
});

test('suspend is acknowledged, and refused on the console', async (t) => {
  const host = await start(t);
  const domid = await host.boot('a');
  await host.host.shutdown(domid, 'suspend');
  await host.settle();
  t.regex(host.consoleText(domid), /suspend: not supported by this kernel, the request is refused/);
  t.is(stateOf(host, 'a'), '-b----');
});

test('a reboot brings the same guest back under the next number, with what its devices were', async (t) => {
  const host = await start(t);
  const first = await host.boot('a', `${DISK}\nvif=["mac=00:16:3e:00:00:01"]`);
  await host.host.disks.attach(first, RAM_DISK);
  const {uuid} = host.host.config(first);
  await host.host.shutdown(first, 'reboot');
  await host.settle(5 * S);
  const second = host.host.resolve('a');
  t.is(second, (first + 1) as DomId);
  if (second === undefined) return;
  t.is(host.host.config(second).uuid, uuid);
  t.regex(await host.shell(second, 'lsblk'), /xvda[^]*xvdb/);
  t.is(await host.read(`/local/domain/${second}/device/vif/0/mac`), '00:16:3e:00:00:01');
  t.deepEqual(host.log.slice(1), [
    'Action for shutdown reason code 1 is restart',
    `Domain ${first} has been destroyed.`,
    `Domain a restarted as ${second}`,
  ]);
});

test('a domain that is destroyed in the middle of its traffic gives everything back', async (t) => {
  for (let seed = 1; seed <= 5; seed++) {
    const host = await TestHost.start({seed});
    const other = await host.boot('other', `${DISK}\n${VIF}\nextra="ip=10.0.0.2/24"`);
    const before = footprintOf(host);
    const domid = await host.boot('a', `${DISK}\n${VIF}\nextra="ip=10.0.0.1/24"`);
    const type = (text: string): void => host.host.consoleInput(domid, new TextEncoder().encode(`${text}\r`));
    type('dd if=/dev/zero of=/dev/xvda bs=64k; dd if=/dev/xvda of=/dev/null bs=4k; ping -i 0.01 -c 100 10.0.0.2');
    // In the middle of it, at another place for each seed.
    for (let turn = 0; turn < 40 * seed; turn++) await new Promise((resolve) => setImmediate(resolve));
    await host.host.destroy(domid);
    await host.settle();
    t.deepEqual({...footprintOf(host), store: []}, {...before, store: []}, `seed ${seed}`);
    t.regex(await host.shell(other, 'ping -c 1 10.0.0.254', 3 * S), /1 received/);
    await host.close();
  }
});

test('the console keeps what was said, and takes what is typed', async (t) => {
  const host = await start(t);
  const domid = await host.boot('a');
  await host.shell(domid, 'echo one');
  const decoder = new TextDecoder();
  const seen: string[] = [];
  const all = host.host.consoleOutput(domid, {scrollback: true}).subscribe((bytes) => seen.push(decoder.decode(bytes)));
  const live: string[] = [];
  host.host.consoleOutput(domid).subscribe((bytes) => live.push(decoder.decode(bytes)));
  await host.shell(domid, 'echo two');
  t.regex(seen.join(''), /guest kernel[^]*echo one\r\none\r\n[^]*echo two\r\ntwo\r\n/);
  t.notRegex(live.join(''), /one/);
  t.regex(live.join(''), /echo two\r\ntwo\r\n/);
  all.unsubscribe();
});

test('one guest does not hear what another is told', async (t) => {
  const host = await start(t);
  const a = await host.boot('a');
  const b = await host.boot('b');
  t.regex(await host.shell(a, 'echo mine'), /mine/);
  t.notRegex(host.consoleText(b), /mine/);
});

test('fifty guests with a disk and a nic each live side by side and go again', async (t) => {
  const host = await start(t);
  const before = footprintOf(host);
  const names = Array.from({length: 50}, (_, i) => `g${i}`);
  const domids = await Promise.all(
    names.map((name, i) =>
      host.create(`name="${name}"\nkernel="builtin"\nmemory=16\n${DISK}\n${VIF}\nextra="ip=10.0.0.${i + 1}/24"`),
    ),
  );
  t.is(new Set(domids).size, 50);
  await Promise.all(domids.map((domid) => host.host.waitConnected(domid)));
  await host.settle();
  t.is(host.host.networks.all[0].links.length, 51);
  t.regex(await host.shell(domids[0], 'ping -c 1 10.0.0.50', 3 * S), /1 received/);
  await Promise.all(domids.map((domid) => host.host.destroy(domid)));
  await host.settle();
  t.deepEqual(footprintOf(host), before);
});
