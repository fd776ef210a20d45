import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import type {DomId} from '../../hypervisor/index.ts';
import {parseDiskSpec} from '../../toolstack/config/index.ts';
import {READY} from '../../toolstack/image/initramfs.ts';
import {firstDifference, pattern, tempDir} from '../support/block.ts';
import {debianGuest} from '../support/debian.ts';
import {TestHost} from '../support/host.ts';
import {testWith} from '../support/real.ts';

const guest = await debianGuest();
const missing = 'missing' in guest ? guest.missing : undefined;

const MIB = 1 << 20;
const STORE = 'name="store"\nkernel="driver-domain"\ndriver_domain=1\nmemory=16\nvif=[""]\nextra="xenbr0=eth0"';

const boot = async (host: TestHost, disk: string): Promise<DomId> => {
  if ('missing' in guest) throw new Error(guest.missing);
  const [cmdline] = /cmdline = "[^"]*/.exec(readFileSync(guest.image.config, 'utf8')) ?? [];
  const domid = await host.create(
    [
      'name = "linux"',
      'type = "pvh"',
      `kernel = "${guest.image.kernel}"`,
      `ramdisk = "${guest.image.ramdisk}"`,
      `${cmdline}"`,
      'memory = 96',
      `disk = ["${disk}"]`,
      'vif = ["backend=store"]',
      '',
    ].join('\n'),
  );
  for (let seconds = 0; seconds < 60 && !host.consoleText(domid).includes(READY); seconds++) await host.settle();
  return domid;
};

testWith(missing, "a driver domain serves Linux's xen-blkfront and xen-netfront, dies, and another does", async (t) => {
  t.timeout(300_000);
  const path = join(tempDir(t), 'disk.img');
  writeFileSync(path, pattern(4 * MIB));
  const host = await TestHost.start({seed: 5});
  t.teardown(() => host.close());
  const store = await host.create(STORE);
  await host.settle();
  const disk = `${path},raw,xvda,rw,backend=store`;
  const domid = await boot(host, disk);
  t.regex(await host.shell(domid, 'ping -c 2 10.0.0.254', 4e9), / 0% packet loss/);
  const copy = async (seek: number): Promise<number> => {
    const command = `dd if=/dev/xvda of=/dev/xvda bs=1M count=1 seek=${seek} iflag=direct oflag=direct; sync; echo copied $?`;
    t.regex(await host.shell(domid, command, 5e9), /^copied 0$/m);
    const expected = pattern(4 * MIB);
    for (let at = 2; at <= seek; at++) expected.copyWithin(at * MIB, 0, MIB);
    return firstDifference(new Uint8Array(readFileSync(path)), expected);
  };
  t.is(await copy(2), -1);

  await host.host.destroy(store);
  await host.settle();
  const next = await host.create(STORE);
  await host.host.disks.detach(domid, 'xvda');
  await host.settle();
  await host.host.disks.attach(domid, parseDiskSpec(disk));
  await host.settle(3e9);
  t.is((await host.host.disks.list(domid))[0].backendDomid, next);
  t.is(await copy(3), -1);
});
