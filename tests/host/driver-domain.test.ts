import {createHash, randomBytes} from 'node:crypto';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {parseDiskSpec, type DiskConfig} from '../../toolstack/config/index.ts';
import type {DomId} from '../../hypervisor/index.ts';
import {footprintOf} from '../support/footprint.ts';
import {TestHost} from '../support/host.ts';
import {temporaryDirectory} from '../support/temporary.ts';

const MIB = 2 ** 20;

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const STORE = 'name="store"\nkernel="driver-domain"\ndriver_domain=1\nmemory=16';

interface Stand {
  host: TestHost;
  store: DomId;
  image: string;
  bytes: Buffer;
  /** The disk spec, as in an xl.cfg. */
  spec: string;
}

/** A host with a driver domain and an image. */
const stand = async (t: ExecutionContext, seed = 1): Promise<Stand> => {
  const image = join(temporaryDirectory(t), 'disk.img');
  const bytes = randomBytes(MIB);
  writeFileSync(image, bytes);
  const host = await TestHost.start({seed});
  t.teardown(() => host.close());
  const store = await host.create(STORE);
  await host.settle();
  return {host, store, image, bytes, spec: `format=raw,vdev=xvda,access=rw,backend=store,target=${image}`};
};

const bootGuest = ({host, spec}: Stand): Promise<DomId> => host.boot('guest', `disk=["${spec}"]`);

const sumOf = async (host: TestHost, domid: DomId): Promise<string | undefined> =>
  /^([0-9a-f]{64}) /m.exec(await host.shell(domid, 'sha256sum /dev/xvda', 5e9))?.[1];

const mapsOf = ({host}: TestHost, domid: number): number => host.xen.domain(domid)?.maptrack.count ?? -1;

test('a guest reads and writes a disk whose backend is in a driver domain', async (t) => {
  const its = await stand(t);
  const {host, store, image, bytes} = its;
  const dom0Maps = mapsOf(host, 0);
  const guest = await bootGuest(its);
  t.is(await sumOf(host, guest), sha256(bytes));
  await host.shell(guest, 'dd if=/dev/zero of=/dev/xvda bs=4k count=3 seek=5', 3e9);
  bytes.fill(0, 5 * 4096, 8 * 4096);
  t.is(sha256(readFileSync(image)), sha256(bytes));

  const backend = `/local/domain/${store}/backend/vbd/${guest}/51712`;
  const [row] = await host.host.disks.list(guest);
  t.like(row, {vdev: 51712, backendDomid: store, state: 4, backendPath: backend});
  t.is(await host.read(`/local/domain/${guest}/device/vbd/51712/backend-id`), String(store));
  t.is(await host.read(`/libxl/${guest}/device/vbd/51712/backend`), backend);
  const perms = await host.host.clock.drive(host.host.xs.getPerms(backend));
  t.deepEqual(perms, [`n${store}`, `r${guest}`]);
  t.true(mapsOf(host, store) > 0, 'the driver domain maps the pages');
  t.is(mapsOf(host, 0), dom0Maps + 2, 'dom0 maps the rings of store and console alone');
  t.true(host.host.disks.backend(guest, 'xvda').stats().rd_req > 0);
  t.regex(await host.shell(store, 'devices'), new RegExp(`backend/vbd/${guest}/51712 Connected`));
});

test('detaching a disk and destroying its guest leave nothing behind in the driver domain', async (t) => {
  const its = await stand(t);
  const {host, store, spec} = its;
  const before = footprintOf(host);
  const maps = mapsOf(host, store);
  const guest = await bootGuest(its);
  await host.host.disks.detach(guest, 'xvda');
  t.deepEqual(await host.host.disks.list(guest), []);
  await host.host.disks.attach(guest, disk(spec));
  await host.host.waitConnected(guest);
  await host.startWork(guest);
  await host.host.destroy(guest);
  await host.settle();
  t.deepEqual(footprintOf(host), before);
  t.is(mapsOf(host, store), maps);
});

const disk = (spec: string): DiskConfig => parseDiskSpec(spec);

for (const seed of [1, 2, 3]) {
  test(`drivers that start anew in their domain under load lose nothing, seed ${seed}`, async (t) => {
    const its = await stand(t, seed);
    const {host, store, image, bytes} = its;
    const guest = await bootGuest(its);
    for (let i = 0; i < 3; i++) {
      await host.startWork(guest);
      await host.shell(store, 'restart', 5e9);
    }
    await host.settle(30e9);
    t.regex(host.consoleText(guest), /2048\+0 records out[^]*2048\+0 records out[^]*2048\+0 records out/);
    t.is(await sumOf(host, guest), sha256(bytes));
    t.is(sha256(readFileSync(image)), sha256(bytes));
  });
}

test('a driver domain dies under load: errors for its guests, who get their disks from the next one', async (t) => {
  const its = await stand(t);
  const {host, store, bytes, spec} = its;
  const guest = await bootGuest(its);
  await host.startWork(guest);
  await host.host.destroy(store);
  await host.settle(5e9);
  t.regex(host.consoleText(guest), /No such device/);
  t.regex(await host.shell(guest, 'uname; echo alive'), /^alive$/m);
  t.is(await host.read(`/local/domain/${store}`), undefined, 'nothing is left of it');
  const [row] = await host.host.disks.list(guest);
  t.like(row, {backendDomid: store, state: 6});

  const next = await host.create(STORE);
  await host.settle();
  t.not(next, store);
  await t.throwsAsync(host.host.disks.attach(guest, disk(spec)), {message: /device already exists/});
  await host.host.disks.detach(guest, 'xvda');
  await host.host.disks.attach(guest, disk(spec));
  await host.host.waitConnected(guest);
  await host.settle();
  t.is(await sumOf(host, guest), sha256(bytes));
  t.is((await host.host.disks.list(guest))[0].backendDomid, next);
});

test('a reboot of the driver domain is the same', async (t) => {
  const its = await stand(t);
  const {host, store, bytes, spec} = its;
  const guest = await bootGuest(its);
  await host.host.shutdown(store, 'reboot');
  await host.settle(10e9);
  const next = host.host.resolve('store');
  t.not(next, store);
  await host.host.disks.detach(guest, 'xvda');
  await host.host.disks.attach(guest, disk(spec));
  await host.host.waitConnected(guest);
  await host.settle();
  t.is(await sumOf(host, guest), sha256(bytes));
});

const refusals: readonly (readonly [string, string, RegExp])[] = [
  ['there is no such domain', 'backend=nobody,vdev=xvda,target=a.img', /backend=nobody: there is no such domain$/],
  ['the domain is no driver domain', 'backend=plain,vdev=xvda,target=a.img', /backend=plain: no driver domain/],
  ['the image is missing', 'backend=store,vdev=xvda,target=missing.img', /Disk vdev=xvda failed to stat: /],
  ['the disk is in memory', 'backend=store,vdev=xvda,target=ram:1M', /a driver domain .* has no disks in memory$/],
];

test('disks that cannot be served are refused in one line, and nothing is left of them', async (t) => {
  const {host} = await stand(t);
  await host.create('name="plain"\nkernel="builtin"\nmemory=16');
  await host.settle();
  const before = footprintOf(host);
  for (const [title, spec, message] of refusals) {
    const error = await t.throwsAsync(
      host.create(`name="g"\nkernel="builtin"\nmemory=16\ndisk=["format=raw,${spec}"]`),
    );
    t.regex(error?.message ?? '', message, title);
    await host.settle();
    t.deepEqual(footprintOf(host), before, title);
  }
});

test('an interface of the driver domain joins its bridge to that of dom0', async (t) => {
  const {host} = await stand(t);
  await host.create(`${STORE.replace('store', 'net')}\nvif=["mac=00:16:3e:00:00:07"]\nextra="xenbr0=eth0"`);
  await host.settle();
  const guest = await host.boot('guest', 'vif=["backend=net"]\nextra="ip=10.0.0.1/24"');
  t.regex(await host.shell(guest, 'ping -c 3 10.0.0.254', 5e9), /3 received, 0% packet loss/);
});

test('guests reach each other over the bridge of a driver domain', async (t) => {
  const {host, store} = await stand(t);
  const boot = (name: string, ip: string): Promise<DomId> =>
    host.boot(name, `vif=["backend=store"]\nextra="ip=${ip}/24"`);
  const first = await boot('a', '10.0.0.1');
  const guest = await boot('b', '10.0.0.2');
  t.regex(await host.shell(guest, 'ping -c 3 10.0.0.1', 5e9), /3 received, 0% packet loss/);
  t.is((await host.host.vifs.list(guest))[0].backendDomid, store);

  host.host.consoleInput(guest, new TextEncoder().encode('ping -c 100 -i 0.1 10.0.0.1\r'));
  await host.settle(2e9);
  await host.shell(store, 'restart', 20e9);
  const [, received] = /100 packets transmitted, (\d+) received/.exec(host.consoleText(guest)) ?? [];
  t.true(Number(received) >= 90, `${received} of 100 pings came back while the drivers were loaded anew`);

  await host.host.destroy(store);
  await host.create(STORE);
  await host.settle();
  for (const domid of [first, guest]) {
    const [vif] = host.host.config(domid).vifs;
    await host.host.vifs.detach(domid, '0');
    await host.host.vifs.attach(domid, vif);
    await host.host.waitConnected(domid);
    await host.settle();
  }
  t.regex(await host.shell(guest, 'ping -c 3 10.0.0.1', 5e9), /3 received, 0% packet loss/, 'and of the next one');
});
