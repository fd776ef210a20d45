import test from 'ava';
import type {DomId} from '../../hypervisor/index.ts';
import {TestHost} from '../support/host.ts';

/** An HVM guest of the built-in kernel with a disk and an interface, and what it does about their two forms. */
const boot = async (host: TestHost, words: string, more = ''): Promise<DomId> => {
  const domid = await host.create(`
    name="pc"
    type="hvm"
    kernel="builtin"
    memory=32
    vif=['bridge=xenbr0']
    disk=['format=raw,vdev=hda,access=rw,target=ram:4M']
    extra="ip=10.0.0.9/24 ${words}"
    ${more}`);
  await host.settle(5e9);
  return domid;
};

const digest = async (host: TestHost, domid: DomId, disk: string): Promise<string> => {
  const text = await host.shell(domid, `sha256sum /dev/${disk}`, 5e9);
  return /[\da-f]{64}/.exec(text)?.[0] ?? text;
};

test('by default emulated disks and interfaces go, and their PV twins serve', async (t) => {
  const host = await TestHost.start();
  const domid = await boot(host, '');
  const boots = host.consoleText(domid);
  t.regex(boots, /blkfront: xvda: 8192 sectors/);
  t.regex(boots, /netfront: eth0/);
  t.notRegex(boots, /ide:|pci:/);
  t.regex(await host.shell(domid, 'ping -c 1 10.0.0.254', 3e9), /1 received/);
  await host.close();
});

test('xen_emul_unplug=never keeps the emulated ones, which work, and leaves the PV ones alone', async (t) => {
  const host = await TestHost.start();
  const domid = await boot(host, 'xen_emul_unplug=never');
  const boots = host.consoleText(domid);
  t.regex(boots, /ide: hda: 8192 sectors of 512 bytes \(4M\)/);
  t.regex(boots, /pci: eth0: 00:16:3e/);
  t.notRegex(boots, /blkfront|netfront/);
  t.regex(await host.shell(domid, 'ping -c 2 10.0.0.254', 5e9), /2 received, 0% packet loss/);
  const before = await digest(host, domid, 'hda');
  await host.shell(domid, 'dd if=/dev/random of=/dev/hda bs=64K count=8', 5e9);
  const after = await digest(host, domid, 'hda');
  t.not(after, before);
  t.is(await digest(host, domid, 'hda'), after);
  await host.close();
});

test('xen_emul_unplug=unnecessary keeps both; they are the same disk', async (t) => {
  const host = await TestHost.start();
  const domid = await boot(host, 'xen_emul_unplug=unnecessary libata.dma=0');
  const empty = await digest(host, domid, 'xvda');
  await host.shell(domid, 'dd if=/dev/random of=/dev/hda bs=64K count=8', 5e9);
  const written = await digest(host, domid, 'xvda');
  t.not(written, empty);
  t.is(await digest(host, domid, 'hda'), written);
  const disks = await host.shell(domid, 'lsblk');
  t.regex(disks, /hda  3:0 /);
  t.regex(disks, /xvda 202:0 /);
  const links = await host.shell(domid, 'ip link');
  t.regex(links, /eth0/);
  t.regex(links, /eth1/);
  await host.close();
});

test('xen_emul_unplug=nics takes the interfaces alone; a guest without the platform device keeps all', async (t) => {
  const host = await TestHost.start();
  const first = await boot(host, 'xen_emul_unplug=nics');
  t.regex(host.consoleText(first), /ide: hda/);
  t.notRegex(host.consoleText(first), /pci: eth/);
  await host.close();
  const other = await TestHost.start();
  const second = await boot(other, '', 'xen_platform_pci=0');
  t.regex(other.consoleText(second), /xen_emul_unplug: emulated devices stay: no platform device/);
  t.regex(other.consoleText(second), /ide: hda/);
  await other.close();
});

test('the fifth disk and an interface of type=vif have no twin', async (t) => {
  const host = await TestHost.start();
  const domid = await host.create(`
    name="pc"
    type="hvm"
    kernel="builtin"
    memory=32
    vif=['bridge=xenbr0,type=vif']
    disk=['format=raw,vdev=xvde,access=rw,target=ram:4M']
    extra="ip=10.0.0.9/24 xen_emul_unplug=unnecessary"`);
  await host.settle(5e9);
  t.regex(host.consoleText(domid), /blkfront: xvde/);
  t.notRegex(host.consoleText(domid), /ide:|pci:/);
  await host.close();
});

test('an HVM guest comes and goes without a trace', async (t) => {
  const host = await TestHost.start();
  const before = host.host.xen.freePages;
  for (let life = 0; life < 3; life++) {
    const domid = await boot(host, life === 1 ? 'xen_emul_unplug=never' : '');
    await host.host.clock.drive(host.host.destroy(domid));
  }
  t.is(host.host.xen.freePages, before);
  await host.close();
});
