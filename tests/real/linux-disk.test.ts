import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import type {DomId} from '../../hypervisor/index.ts';
import {READY} from '../../toolstack/image/initramfs.ts';
import {firstDifference, pattern, tempDir} from '../support/block.ts';
import {debianGuest} from '../support/debian.ts';
import {TestHost} from '../support/host.ts';
import {testWith} from '../support/real.ts';

const guest = await debianGuest();
const missing = 'missing' in guest ? guest.missing : undefined;

const MIB = 1 << 20;

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
      `disk = ["${disk},raw,xvda,rw"]`,
      '',
    ].join('\n'),
  );
  for (let seconds = 0; seconds < 60 && !host.consoleText(domid).includes(READY); seconds++) await host.settle();
  return domid;
};

for (const [diskFeatures, has] of [
  [{}, 'persistent grants: enabled; indirect descriptors: enabled'],
  [{persistent: false, indirect: 0}, 'persistent grants: disabled; indirect descriptors: disabled'],
] as const) {
  testWith(
    missing,
    `Linux's xen-blkfront, ${has}: its reads and writes are right, and it sees the disk grow`,
    async (t) => {
      t.timeout(300_000);
      const path = join(tempDir(t), 'disk.img');
      writeFileSync(path, pattern(8 * MIB));
      const host = await TestHost.start({seed: 5, diskFeatures});
      t.teardown(() => host.close());
      const domid = await boot(host, path);
      t.true(host.consoleText(domid).includes(`flush diskcache: enabled; ${has}`), host.consoleText(domid));
      // Half of the disk over the other, past the page cache: requests as large as the driver makes them.
      const copy = 'dd if=/dev/xvda of=/dev/xvda bs=1M count=4 seek=4 iflag=direct oflag=direct; sync; echo copied $?';
      t.regex(await host.shell(domid, copy, 5e9), /^copied 0$/m);
      const expected = pattern(8 * MIB);
      expected.copyWithin(4 * MIB, 0, 4 * MIB);
      t.is(firstDifference(new Uint8Array(readFileSync(path)), expected), -1);
      const {segments} = host.host.disks.backend(domid, 'xvda').distribution();
      t.is(segments.length - 1, 'indirect' in diskFeatures ? 4 : 6, 'requests of 11 pages, or of 32');
      t.is(host.host.disks.backend(domid, 'xvda').stats().errors, 0);
      writeFileSync(path, pattern(9 * MIB));
      host.host.disks.backend(domid, 'xvda').resize();
      await host.settle();
      t.regex(await host.shell(domid, 'cat /sys/block/xvda/size'), /^18432$/m);
      const complaints = "dmesg | grep -cE 'WARNING|BUG:|Oops|xenbus.*(error|failed)|Bad grant'";
      t.regex(await host.shell(domid, complaints), /^0$/m);
    },
  );
}
