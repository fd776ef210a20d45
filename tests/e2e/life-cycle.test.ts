import test from 'ava';
import {XlHost} from '../support/xl.ts';

const DISK = 'disk = ["format=raw,vdev=xvda,access=rw,target=ram:1M"]';

const uuidOf = async (host: XlHost, name: string): Promise<string | undefined> =>
  new RegExp(`^(\\S+) +\\d+ +${name} *$`, 'm').exec(await host.ok('vm-list'))?.[1];

test.serial('a guest that reboots or crashes comes back under a new number', async (t) => {
  const host = XlHost.at(t);
  host.write('phoenix.img', new Uint8Array(1 << 20));
  const disk = 'disk = ["phoenix.img,raw,xvda,rw"]';
  await host.create('phoenix', disk, 'vif = [""]', 'on_reboot = "restart"', 'on_crash = "restart"');
  await host.waitForConsole('phoenix', /domain 1 "phoenix"[^]*phoenix# $/);
  const uuid = await uuidOf(host, 'phoenix');
  t.truthy(uuid);

  await host.ok('reboot', 'phoenix');
  await host.waitForConsole('phoenix', /reboot: Restarting system[^]*domain 2 "phoenix"[^]*phoenix# $/);
  await host.type('phoenix', 'crash on purpose', /not syncing: on purpose[^]*domain 3 "phoenix"[^]*phoenix# $/);
  await host.type('phoenix', 'reboot', /domain 4 "phoenix"[^]*phoenix# $/);

  t.deepEqual(await host.domains(), ['Domain-0 0 r-----', 'phoenix 4 -b----']);
  t.is(await uuidOf(host, 'phoenix'), uuid, 'it is the same machine');
  t.regex(await host.ok('block-list', 'phoenix'), /^51712 +0 +4 +4 /m);
  t.regex(await host.ok('network-list', 'phoenix'), /^0 +0 +00:16:3e\S+ +0 +4 /m);
});

test.serial('on_poweroff and on_crash say what becomes of a guest', async (t) => {
  const host = XlHost.at(t);
  await host.create('kept', DISK, 'on_crash = "preserve"');
  await host.create('renamed', DISK, 'on_crash = "rename-restart"');
  await host.create('eternal', DISK, 'on_poweroff = "restart"');
  await host.create('mortal', DISK);
  for (const name of ['kept', 'renamed', 'eternal', 'mortal']) await host.waitForConsole(name, /# $/);

  await host.type('kept', 'crash', /Kernel panic/);
  await host.type('renamed', 'crash', /domain 5 "renamed"[^]*renamed# $/);
  await host.type('eternal', 'poweroff', /Power down[^]*domain 6 "eternal"[^]*eternal# $/);
  await host.type('mortal', 'poweroff', /reboot: Power down/);
  const rows = await host.waitFor('end of mortal', async () => {
    const domains = await host.domains();
    return domains.every((row) => !row.startsWith('mortal')) && domains;
  });

  t.deepEqual(
    rows.map((row) => row.replace(/-\d{8}T\d{4}Z/, '-TIME')),
    ['Domain-0 0 r-----', 'kept 1 ---sc-', 'renamed-TIME 2 ---sc-', 'renamed 5 -b----', 'eternal 6 -b----'],
  );
  await host.ok('destroy', 'kept');
  t.deepEqual(
    (await host.domains()).map((row) => row.split(' ')[1]),
    ['0', '2', '5', '6'],
  );
});

test.serial('pause stops a guest, unpause lets it go on; rename and destroy do what they say', async (t) => {
  const host = XlHost.at(t);
  await host.create('one', DISK, 'vif = [""]');
  await host.waitForConsole('one', /one# $/);
  const free = await host.freeMemory();
  await host.ok('pause', 'one');
  t.deepEqual(await host.domains(), ['Domain-0 0 r-----', 'one 1 --p---']);
  await host.ok('unpause', 'one');
  await host.type('one', 'echo awake', /^awake$/m);
  await host.ok('rename', 'one', 'two');
  t.deepEqual(await host.domains(), ['Domain-0 0 r-----', 'two 1 -b----']);
  await host.ok('destroy', 'two');
  t.deepEqual(await host.domains(), ['Domain-0 0 r-----']);
  t.is((await host.freeMemory()) - free, 16);
});
