import test from 'ava';
import {footprintOf} from '../support/footprint.ts';
import {TestHost} from '../support/host.ts';

const DISK = 'disk=["format=raw,vdev=xvda,access=rw,target=ram:1M"]';
const VIF = 'vif=["bridge=xenbr0"]';
const GUEST = `name="a"\nkernel="builtin"\nmemory=16\n${DISK}\n${VIF}`;
const SEEDS = [1, 2, 3, 4, 5];

const start = async (seed: number): Promise<TestHost> => {
  const host = await TestHost.start({seed});
  // The first guest makes these, and they stay.
  for (const path of ['/vm', '/libxl']) await host.host.clock.drive(host.host.xs.mkdir(path));
  return host;
};

test('of two domains of one name that are made at once there is one', async (t) => {
  for (const seed of SEEDS) {
    const host = await start(seed);
    const results = await Promise.allSettled([host.create(GUEST), host.create(GUEST)]);
    t.deepEqual(results.map(({status}) => status).toSorted(), ['fulfilled', 'rejected']);
    t.is(host.host.domains().length, 2);
    await host.close();
  }
});

test('devices that are attached and detached while the domain is destroyed do not outlive it', async (t) => {
  for (const seed of SEEDS) {
    const host = await start(seed);
    const before = footprintOf(host);
    const domid = await host.boot('a', `${DISK}\n${VIF}`);
    const [disk] = host.host.config(domid).disks;
    const all = await Promise.allSettled([
      host.host.disks.attach(domid, {...disk, vdev: 'xvdb'}),
      host.host.vifs.detach(domid, '0'),
      host.host.destroy(domid),
      host.host.disks.attach(domid, {...disk, vdev: 'xvdc'}),
      host.host.vifs.attach(domid, {bridge: 'xenbr0'}),
      host.host.rename(domid, 'b'),
      host.host.destroy(domid),
    ]);
    t.is(all[2].status, 'fulfilled');
    t.is(all[6].status, 'fulfilled');
    for (const late of all.slice(3, 6)) t.is(late.status, 'rejected');
    await host.settle();
    t.deepEqual(footprintOf(host), before, `seed ${seed}`);
    await host.close();
  }
});

test('a request to shut down that comes too late says so', async (t) => {
  const host = await start(1);
  const domid = await host.boot('a', DISK);
  const gone = host.host.destroy(domid);
  await t.throwsAsync(host.host.shutdown(domid, 'poweroff'), {message: /Non-existant domain/});
  await gone;
  t.is(await host.read(`/local/domain/${domid}`), undefined);
  await host.close();
});

test('a host that is closed takes down what is running, rebooting and being made', async (t) => {
  for (const seed of SEEDS) {
    const host = await start(seed);
    const running = await host.boot('running', `${DISK}\n${VIF}`);
    const rebooting = await host.boot('rebooting', `${DISK}\n${VIF}`);
    await host.host.shutdown(rebooting, 'reboot');
    const made = host.create(GUEST.replace('"a"', '"made"')).catch((error: Error) => error.message);
    // Somewhere in the middle of it.
    for (let turn = 0; turn < 100 * seed; turn++) await new Promise((resolve) => setImmediate(resolve));
    await host.close();
    const outcome = await made;
    t.true(typeof outcome === 'number' || /destroyed while being created|shutting down/.test(outcome), String(outcome));
    t.deepEqual([...host.host.xen.domainTable.keys()], [0], `seed ${seed}`);
    t.regex(host.consoleText(running), /reboot: Power down/);
    await t.throwsAsync(host.create(GUEST), {message: 'the host is shutting down'});
  }
});
