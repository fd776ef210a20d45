import test from 'ava';
import type {DomId} from '../../hypervisor/index.ts';
import {footprintOf} from '../support/footprint.ts';
import {TestHost} from '../support/host.ts';

const DEVICES =
  'disk=["format=raw,vdev=xvda,access=rw,target=ram:4M"]\nvif=[""]\non_crash="destroy"\non_reboot="destroy"';

/** Ways in which a domain ends, or loses its devices, while its rings are full of requests. */
const ends: readonly [title: string, end: (host: TestHost, domid: DomId) => Promise<unknown>][] = [
  ['is destroyed', ({host}, domid) => host.destroy(domid)],
  [
    'is destroyed while it is paused',
    ({host}, domid) => {
      host.pause(domid);
      return host.destroy(domid);
    },
  ],
  ['is destroyed twice at once', ({host}, domid) => Promise.all([host.destroy(domid), host.destroy(domid)])],
  ['is shut down', ({host}, domid) => host.shutdown(domid, 'poweroff')],
  [
    'crashes',
    ({host}, domid) => {
      const domain = host.xen.domain(domid);
      if (domain !== undefined) host.xen.crash(domain, 'on purpose');
      return host.clock.sleep(1e9);
    },
  ],
  [
    'loses its devices and is destroyed',
    async ({host}, domid) => {
      await Promise.all([host.disks.detach(domid, 'xvda'), host.vifs.detach(domid, '0')]);
      await host.destroy(domid);
    },
  ],
  [
    'loses its devices by force and is destroyed',
    async ({host}, domid) => {
      await host.disks.detach(domid, 'xvda', {force: true});
      await host.destroy(domid);
    },
  ],
  [
    'is destroyed while a device is attached',
    async ({host}, domid) => {
      const {disks} = host.parse('name="x"\nkernel="builtin"\ndisk=["format=raw,vdev=xvdb,access=rw,target=ram:1M"]');
      await Promise.all([host.disks.attach(domid, disks[0]).catch(() => undefined), host.destroy(domid)]);
    },
  ],
];

for (const [title, end] of ends) {
  test(`a guest that ${title} in the middle of its work leaves nothing behind`, async (t) => {
    const host = await TestHost.start();
    t.teardown(() => host.close());
    const other = await host.boot('other', `${DEVICES}\nextra="ip=10.0.0.2/24"`);
    await host.host.destroy(await host.boot('first', DEVICES));
    const before = footprintOf(host);
    const domid = await host.boot('worker', `${DEVICES}\nextra="ip=10.0.0.1/24"`);
    await host.startWork(domid, 'ping -c 1000 -i 0 10.0.0.2; dd if=/dev/xvda of=/dev/xvda bs=512');
    t.true(host.host.vifs.backend(domid, '0').stats().rxPackets >= 1000);
    t.notRegex(host.consoleText(domid), /copied/, 'it is at work');
    await end(host, domid);
    await host.settle();
    t.deepEqual(footprintOf(host), before);
    t.regex(await host.shell(other, 'ping -c 1 10.0.0.254', 3e9), /1 received, 0% packet loss/);
  });
}
