import {readFileSync} from 'node:fs';
import {READY} from '../../toolstack/image/initramfs.ts';
import {debianGuest} from '../support/debian.ts';
import {testWith} from '../support/real.ts';
import {XlHost} from '../support/xl.ts';

const guest = await debianGuest();
const missing = 'missing' in guest ? guest.missing : undefined;

testWith(missing, "xl's memory, sysrq, counters and debug keys reach into a running Linux", async (t) => {
  if ('missing' in guest) throw new Error(guest.missing);
  const host = XlHost.at(t);
  const {kernel, ramdisk, config} = guest.image;
  const text = readFileSync(config, 'utf8')
    .replace(/^kernel.*/m, `kernel = "${kernel}"`)
    .replace(/^ramdisk.*/m, `ramdisk = "${ramdisk}"`);
  host.write('linux.cfg', `${text}\nmemory = 96\nmaxmem = 112\non_crash = "preserve"\n`);
  await host.ok('create', 'linux.cfg');
  const {index} = await host.waitForConsole('linux', new RegExp(`^${READY}.*$`, 'm'));
  await host.waitForConsole('linux', /^linux:.*# /m, index);
  const type = (command: string, answer: RegExp) => host.type('linux', command, answer);
  const memoryMib = async (): Promise<number> =>
    Number(/^linux +\d+ +(\d+)/m.exec(await host.ok('list', 'linux'))?.[1]);
  const total = async (): Promise<number> =>
    Number((await type('grep MemTotal /proc/meminfo', /MemTotal: +(\d+) kB/))[1]);

  // Linux's balloon gives pages back until it has what memory/target says, and gets them again.
  await host.waitFor('balloon at 96 MiB', async () => [95, 96].includes(await memoryMib()));
  const before = await total();
  const freeMib = await host.freeMemory();
  await host.ok('mem-set', 'linux', '80');
  await host.waitFor('balloon at 80 MiB', async () => [79, 80].includes(await memoryMib()));
  // Whole MiB are shown, and the last pages may be on their way.
  await host.waitFor('room for others', async () => (await host.freeMemory()) >= freeMib + 15);
  await host.waitFor('guest that knows', async () => before - (await total()) >= 15 * 1024);
  await host.ok('mem-set', 'linux', '112');
  await host.waitFor('balloon at 112 MiB', async () => [111, 112].includes(await memoryMib()));
  await host.waitFor('guest that knows', async () => (await total()) - before >= 15 * 1024);
  t.is((await host.xl('mem-set', 'linux', '113')).status, 1);

  const [, , upcalls] = (await host.waitFor('counters', async () =>
    /Counters: +(\d{7,}) instructions +\d{3,} hypercalls +(\d{3,}) upcalls/.exec(
      await host.ok('top', '-b', '-i', '1', '-c'),
    ),
  )) as unknown as [string, string, string];
  t.true(Number(upcalls) > 0);
  await host.ok('debug-keys', 'pq');
  t.regex(
    await host.ok('dmesg'),
    /d1v0: instructions=\d{7,} upcalls=\d+ .*\n.* {2}exits: hypercall=\d+ .*\n.* {2}hypercalls: memory_op=\d+ .*grant_table_op=/,
  );
  t.regex(await host.ok('vcpu-list', 'linux'), /^linux +1 +0 +0 +[r-][b-]- +\d+\.\d +all \/ all$/m);
  t.regex(await host.ok('uptime', 'linux'), /^linux +1 +0:\d\d:\d\d$/m);
  await host.ok('rename', 'linux', 'penguin');
  t.is((await host.ok('domid', 'penguin')).trim(), '1');
  await host.ok('rename', 'penguin', 'linux');

  await host.ok('sysrq', 'linux', 's');
  await host.waitForConsole('linux', /sysrq: Emergency Sync/);
  // Debian's kernel lets nobody crash it by default.
  await type('echo 1 > /proc/sys/kernel/sysrq; echo allowed', /^allowed$/m);
  await host.ok('sysrq', 'linux', 'c');
  await host.waitForConsole('linux', /Kernel panic - not syncing: sysrq triggered crash/);
  await host.waitFor('crashed guest', async () => (await host.domains()).includes('linux 1 ---sc-'));
  await host.ok('destroy', 'linux');
});
