import {copyFileSync} from 'node:fs';
import test from 'ava';
import {XlHost} from '../support/xl.ts';

const RAM = 'format=raw,vdev=xvda,access=rw,target=ram:1M';

/** Programs that fail where nobody of ours can catch it, or where the domain's own code is to blame. */
const programs = {
  // Crashes its domain.
  'thrower.ts': 'export default (): void => { throw new Error("thrown on purpose"); };',
  'rejecter.js': 'export default async ({sleep}) => { await sleep(10); throw new Error("rejected on purpose"); };',
  // Nobody knows whose these are: they are noted, and all domains go on.
  'floater.mjs': `export default ({console}) => {
    void Promise.reject(new Error("floating on purpose"));
    setTimeout(() => { throw new Error("timed on purpose"); }, 1);
    console.println("still here");
    return new Promise(() => {});
  };`,
  'common.cjs.js': 'module.exports = async ({console, name}) => console.println("common " + name);',
};

test.serial('the example program runs, sees its devices, reads lines and ends', async (t) => {
  const host = XlHost.at(t);
  copyFileSync('examples/guest-program.ts', host.path('my-guest.ts'));
  host.write('data.img', Buffer.from('ABCD'.padEnd(4096)));
  await host.create('mine', 'kernel = "./my-guest.ts"', 'disk = ["data.img,raw,xvda,r"]', 'vif = [""]');
  await host.waitForConsole('mine', /^This is mine, with 1 disks and 1 network interfaces\.$/m);
  await host.waitForConsole('mine', /^xvda: 4096 bytes, beginning with 41 42 43 44 20/m);
  await host.type('mine', 'hello there', /^HELLO THERE$/m);
  await host.ok('block-attach', 'mine', RAM.replace('xvda', 'xvdb'));
  await host.waitForConsole('mine', /^xvdb was attached$/m);
  await host.type('mine', 'bye', /^Good-bye: poweroff$/m);
  t.deepEqual(
    await host.waitFor('end of mine', async () => {
      const domains = await host.domains();
      return domains.length === 1 && domains;
    }),
    ['Domain-0 0 r-----'],
  );
});

test.serial('a program that fails costs its domain at most', async (t) => {
  const host = XlHost.at(t);
  for (const [name, text] of Object.entries(programs)) host.write(name, text);
  await host.create('bystander', `disk = ["${RAM}"]`);
  await host.waitForConsole('bystander', /bystander# $/);
  const {pid} = host;

  for (const [name, kernel, reason] of [
    ['thrower', './thrower.ts', 'thrown'],
    ['rejecter', './rejecter.js', 'rejected'],
  ] as const) {
    await host.create(name, `kernel = "${kernel}"`, 'on_crash = "preserve"');
    await host.waitForConsole(
      name,
      new RegExp(`Kernel panic - not syncing: Error: ${reason} on purpose\n.* at .*/${name}\\.[jt]s\\S*:1:\\d+`),
    );
    await host.waitFor(`crash of ${name}`, async () => (await host.domains()).some((row) => row.endsWith('---sc-')));
    t.regex(await host.ok('dmesg'), new RegExp(`${reason} on purpose`));
    await host.ok('destroy', name);
  }

  await host.create('floater', 'kernel = "./floater.mjs"');
  await host.waitForConsole('floater', /^still here$/m);
  await host.waitFor('both in the log', () => {
    const log = host.read('log/daemon.log');
    return log.includes('unhandled: Error: floating on purpose') && log.includes('uncaught: Error: timed on purpose');
  });
  await host.create('common', 'kernel = "./common.cjs.js"');
  await host.waitForConsole('common', /^common common$/m);

  await host.type('bystander', 'dd if=/dev/zero of=/dev/xvda bs=64k', /^1048576 bytes .* copied/m);
  t.deepEqual(
    await host.waitFor('end of common', async () => {
      const domains = await host.domains();
      return domains.length === 3 && domains;
    }),
    ['Domain-0 0 r-----', 'bystander 1 -b----', 'floater 4 -b----'],
  );
  t.is(host.pid, pid, 'the daemon is the same');
});

test.serial('an edited program is read anew, a rebooted domain begins it again', async (t) => {
  const host = XlHost.at(t);
  const program = (word: string): string =>
    `export default async ({console, reboot}) => {
      console.println("${word}");
      await console.readLine("> ");
      await reboot();
    };`;
  host.write('guest.mjs', program('first'));
  await host.create('edited', 'kernel = "./guest.mjs"');
  await host.waitForConsole('edited', /^first\n> $/m);
  await host.type('edited', '', /Restarting system[^]*domain 2[^]*^first\n> $/m);
  await host.ok('destroy', 'edited');
  host.write('guest.mjs', program('second'));
  await host.ok('create', 'edited.cfg');
  await host.waitForConsole('edited', /domain 3[^]*^second\n> $/m);
  t.pass();
});
