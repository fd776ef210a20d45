import test from 'ava';
import {footprintOf} from '../support/footprint.ts';
import {TestHost} from '../support/host.ts';

const DISK = 'disk=["format=raw,vdev=xvda,access=rw,target=ram:1M"]';

test('rename-restart keeps the dead domain under another name and starts its config anew', async (t) => {
  const host = await TestHost.start();
  const dead = await host.boot('guest', `${DISK}\non_crash="rename-restart"`);
  await host.shell(dead, 'crash', 5e9);
  const rows = host.host.domains().map(({name, domid, state}) => `${name} ${domid} ${state}`);
  t.is(rows.length, 3);
  t.regex(rows[1], /^guest-\d{8}T\d{4}Z 1 ---sc-$/);
  t.is(rows[2], 'guest 2 -b----');
  t.regex(await host.shell(2 as typeof dead, 'echo hi', 1e9), /^hi$/m);
  await host.close();
});

interface CrashCase {
  action: string;
  /** "name state" of what is there afterwards; N is a number. */
  left: string[];
}

const crashCases: readonly CrashCase[] = [
  {action: 'destroy', left: []},
  {action: 'restart', left: ['a -b----']},
  {action: 'preserve', left: ['a ---sc-']},
  {action: 'coredump-destroy', left: []},
  {action: 'coredump-restart', left: ['a -b----']},
];

for (const {action, left} of crashCases) {
  test(`on_crash="${action}"`, async (t) => {
    const host = await TestHost.start();
    t.teardown(() => host.close());
    // The first guest makes these, and they stay.
    for (const path of ['/vm', '/libxl']) await host.host.clock.drive(host.host.xs.mkdir(path));
    const before = footprintOf(host);
    const domid = await host.boot('a', `${DISK}\nvif=["bridge=xenbr0"]\non_crash="${action}"`);
    await host.shell(domid, 'crash', 5e9);
    const guests = host.host.domains().filter((domain) => domain.domid !== 0);
    t.deepEqual(
      guests.map(({name, state}) => `${name} ${state}`),
      left,
    );
    t.regex(host.consoleText(domid), /Kernel panic - not syncing/);
    const kept = host.host.dmesg().filter((line) => line.startsWith(`(XEN) d${domid}: `));
    t.regex(kept.join('\n'), /Kernel panic - not syncing/, 'xl dmesg has its last words');
    t.true(host.log.includes(`Action for shutdown reason code 3 is ${action}`));
    for (const guest of guests) await host.host.destroy(guest.domid);
    await host.settle();
    t.deepEqual(footprintOf(host), before);
  });
}

for (const [setting, trigger, left] of [
  ['on_poweroff="preserve"', 'poweroff', ['a ---s--']],
  ['on_poweroff="restart"', 'poweroff', ['a -b----']],
  ['on_reboot="destroy"', 'reboot', []],
  ['on_reboot="preserve"', 'reboot', ['a ---sr-']],
] as const) {
  test(`${setting} and ${trigger}`, async (t) => {
    const host = await TestHost.start();
    t.teardown(() => host.close());
    const domid = await host.boot('a', `${DISK}\n${setting}`);
    await host.host.shutdown(domid, trigger);
    await host.settle(5e9);
    const guests = host.host.domains().filter((domain) => domain.domid !== 0);
    t.deepEqual(
      guests.map(({name, state}) => `${name} ${state}`),
      [...left],
    );
  });
}

test('a guest that does not set its watchdog again gets what on_watchdog says', async (t) => {
  const host = await TestHost.start();
  const domid = await host.boot('a', `${DISK}\non_watchdog="preserve"`);
  const {xen} = host.host;
  const domain = xen.domain(domid)!;
  t.is(xen.setWatchdog(domain, 0, 10), 1);
  await host.settle(6e9);
  t.is(xen.setWatchdog(domain, 1, 10), 0);
  await host.settle(6e9);
  t.is(host.host.domains()[1].state, '-b----');
  await host.settle(6e9);
  t.is(host.host.domains()[1].state, '---sw-');
  t.true(host.log.includes('Action for shutdown reason code 4 is preserve'));
  await host.close();
});
