import test from 'ava';
import type {DiskConfig} from '../../toolstack/config/index.ts';
import {TestHost} from '../support/host.ts';

const DRIVE = 'disk=["format=raw,vdev=xvdd,access=r,devtype=cdrom,target=ram:1M"]\n';

const medium = (target: string, vdev = 'xvdd'): DiskConfig => ({
  vdev,
  format: target === '' ? 'empty' : 'raw',
  target,
  readwrite: false,
  removable: true,
  cdrom: true,
  directIoSafe: false,
});

test('media go into a drive and out of it', async (t) => {
  const on = await TestHost.start();
  const domid = await on.boot('one', DRIVE);
  t.regex(await on.shell(domid, 'lsblk'), /^xvdd .* 1M /m);
  await on.host.disks.changeMedium(domid, medium('ram:2M'));
  await on.settle();
  t.regex(await on.shell(domid, 'lsblk'), /^xvdd .* 2M /m);
  t.is(on.host.config(domid).disks[0].target, 'ram:2M');
  await on.host.disks.changeMedium(domid, medium(''));
  await on.settle();
  t.is(await on.read(`/local/domain/0/backend/vbd/${domid}/51760/params`), '');
  await on.host.disks.changeMedium(domid, medium('ram:3M'));
  await on.settle();
  t.regex(await on.shell(domid, 'lsblk'), /^xvdd .* 3M /m);
  await on.close();
});

test('a medium needs a drive, and an image that is there', async (t) => {
  const on = await TestHost.start();
  const domid = await on.boot('one', DRIVE);
  await t.throwsAsync(on.host.disks.changeMedium(domid, medium('ram:1M', 'xvda')), {
    message: `libxl: error: Domain ${domid}:Virtual device not found`,
  });
  await t.throwsAsync(on.host.disks.changeMedium(domid, medium('/nosuch/cd.iso')), {
    message: /^libxl: error: Disk vdev=xvdd failed to stat: \/nosuch\/cd.iso/,
  });
  t.is(await on.read(`/local/domain/0/backend/vbd/${domid}/51760/params`), 'ram:1M', 'the old one is still in it');
  await on.close();
});

test('a config that was updated is that of the next life, under the old name', async (t) => {
  const on = await TestHost.start();
  const domid = await on.boot('one', 'on_reboot="restart"\n');
  on.host.setConfig(domid, on.host.parse('name="other"\nkernel="builtin"\nmemory=24\n'));
  await on.host.shutdown(domid, 'reboot');
  await on.settle(5e9);
  const [, next] = on.host.domains();
  t.is(next.name, 'one');
  t.is(next.memoryMib, 24);
  t.not(next.domid, domid);
  await on.close();
});
