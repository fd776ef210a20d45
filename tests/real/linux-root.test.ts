import {execFileSync} from 'node:child_process';
import {copyFileSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {READY} from '../../toolstack/image/initramfs.ts';
import {debianGuest} from '../support/debian.ts';
import {realEnv, testWith} from '../support/real.ts';
import {XlHost} from '../support/xl.ts';

const guest = await debianGuest('ext4');
const missing = 'missing' in guest ? guest.missing : undefined;
const config = 'image' in guest ? guest.image.config : '';

testWith(missing, 'Linux runs from an ext4 root disk; fio and e2fsprogs find our disk without a fault', async (t) => {
  const host = XlHost.at(t);
  for (const file of ['vmlinuz', 'initrd.img', 'root.img']) copyFileSync(join(dirname(config), file), host.path(file));
  const second = 'disk=["root.img,raw,xvda,rw", "format=raw,vdev=xvdb,access=rw,target=ram:32M"]';
  host.write('linux-root.cfg', readFileSync(config));
  await host.ok('create', 'linux-root.cfg', second);
  const {index} = await host.waitForConsole('linux', new RegExp(`^${READY}.*$`, 'm'));
  await host.waitForConsole('linux', /^linux:.*# /m, index);
  const type = (command: string, answer: RegExp) => host.type('linux', command, answer);
  await type('mount | grep xvda', /^\/dev\/xvda on \/ type ext4 \(rw/m);

  const job = '--filename=/dev/xvdb --direct=1 --ioengine=libaio --iodepth=8 --rw=randwrite --bs=4k-64k --size=8M';
  await type(`fio --name=check ${job} --verify=crc32c --verify_fatal=1 > /tmp/fio; echo fio $?`, /^fio 0$/m);
  await type('grep -c "err= 0" /tmp/fio', /^1$/m);
  await type('mkfs.ext4 -q /dev/xvdb && mount /dev/xvdb /mnt && cp -r /etc /mnt; umount /mnt; echo $?', /^0$/m);
  await type('e2fsck -fn /dev/xvdb > /tmp/fsck; echo fsck $?', /^fsck 0$/m);
  await type('sg_inq --version; echo sg $?', /^sg 0$/m);

  await type('poweroff', /reboot: Power down/);
  await host.waitFor('end of the guest', async () => (await host.domains()).length === 1);
  t.regex(execFileSync('e2fsck', ['-fn', host.path('root.img')], {env: realEnv, stdio: 'pipe'}).toString(), /Pass 5/);
});
