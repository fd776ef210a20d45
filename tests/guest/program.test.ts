import test from 'ava';
import type {BlockDevice, NetDevice} from '../../frontends/api.ts';
import exampleProgram from '../../examples/guest-program.ts';
import type {Guest} from '../../frontends/guest/index.ts';
import {GuestRig, XVDA} from './guest-rig.ts';

const SHUTDOWN_poweroff = 0;
const SHUTDOWN_reboot = 1;
const SHUTDOWN_crash = 3;
const SECOND = 1e9;

test('a program sees its devices, and the domain powers off when it returns', async (t) => {
  const rig = await GuestRig.create();
  const guest = await rig.boot({
    cmdline: 'mode=fast',
    disks: [XVDA],
    vifs: [0],
    main: async ({name, args, console, block, net}) => {
      const disk = await block.wait('xvda');
      await disk.write(0, new TextEncoder().encode('hello'.padEnd(512)));
      const bytes = await disk.read(0, 512);
      console.println(`${name} ${args.get('mode')} ${new TextDecoder().decode(bytes).trim()}`);
      console.println(`${block.list.map((each) => each.name).join()} ${net.get('eth0')?.mtu}`);
    },
  });
  t.regex(rig.text(guest), /\nguest1 fast hello\nxvda 1500\n\[.*reboot: Power down\n$/);
  t.is(guest.domain.shutdownReason, SHUTDOWN_poweroff);
});

test('a program reads lines and stays for as long as it wants', async (t) => {
  const rig = await GuestRig.create();
  const guest = await rig.boot({
    main: async ({console, reboot}) => {
      for (;;) {
        const line = await console.readLine('> ');
        if (line === undefined) await reboot();
        console.println(`you said ${line}`);
      }
    },
  });
  t.is(await rig.type(guest, 'hi\r'), 'hi\nyou said hi\n> ');
  t.is(await rig.type(guest, 'no\x03yes\r'), 'no^C\n> yes\nyou said yes\n> ');
  t.regex(await rig.type(guest, '\x04'), /^\n\[.*reboot: Restarting system\n$/);
  t.is(guest.domain.shutdownReason, SHUTDOWN_reboot);
});

test('the example of the README', async (t) => {
  const rig = await GuestRig.create();
  const guest = await rig.boot({disks: [XVDA], vifs: [0], main: exampleProgram});
  t.regex(
    rig.text(guest),
    /\nThis is guest1, with 1 disks and 1 network interfaces\.\nxvda: 1048576 bytes, beginning with 00 00( 00){14}\nsay> $/,
  );
  t.is(await rig.type(guest, 'hello\r'), 'hello\nHELLO\nsay> ');
  await rig.addDisk(guest, XVDA + 16);
  t.regex(rig.text(guest), /\nxvdb was attached\n/);
  t.regex(await rig.type(guest, 'bye\r'), /Good-bye: poweroff\n\[.*Power down\n$/);
});

test('a program may take its keys raw: nothing is echoed', async (t) => {
  const rig = await GuestRig.create();
  let typed = '';
  const guest = await rig.boot({
    main: ({console}) => forever(() => console.input.subscribe((bytes) => (typed += new TextDecoder().decode(bytes)))),
  });
  const keys = `\x03${'x'.repeat(5000)}\r`;
  t.is(await rig.type(guest, keys), '');
  t.is(typed, keys);
});

/** Ways to fail, each of which may only cost the domain itself. */
const failures: [name: string, main: (guest: Guest) => void | Promise<void>][] = [
  ['throws', () => fail()],
  ['rejects', () => Promise.reject(new Error('on purpose'))],
  ['throws in a timer', ({after}) => forever(() => after(10, fail))],
  ['throws in a subscriber of its console', ({console}) => forever(() => console.input.subscribe(fail))],
  ['throws in a subscriber of a disk set', ({block}) => forever(() => block.added.subscribe(fail))],
  ['throws in a subscriber of a watch', ({xenstore}) => forever(() => xenstore.watch('data').subscribe(fail))],
  ['throws in a subscriber of frames', ({net}) => forever(async () => (await net.wait('eth0')).frames.subscribe(fail))],
];

const fail = (): never => {
  throw new Error('on purpose');
};

const forever = async (start: () => unknown): Promise<void> => {
  await start();
  await new Promise(() => undefined);
};

for (const [name, main] of failures) {
  test(`a program that ${name} crashes its domain`, async (t) => {
    const rig = await GuestRig.create();
    const bystander = await rig.boot({cmdline: 'ip=10.0.0.1/24', vifs: [0]});
    const guest = await rig.boot({main, vifs: [0]});
    await rig.type(guest, 'x');
    await rig.addDisk(guest, XVDA);
    // A broadcast that reaches every interface.
    await rig.type(bystander, 'ping -c 1 10.0.0.77\r', 5 * SECOND);
    t.is(guest.domain.shutdownReason, SHUTDOWN_crash);
    t.regex(rig.text(guest), /Kernel panic - not syncing: Error: on purpose\n/);
    t.is(guest.faults.length, 1);
    t.is(bystander.domain.shutdownReason, undefined);
    t.is(await rig.type(bystander, 'echo alive\r'), 'echo alive\nalive\nguest1# ');
  });
}

test('onShutdown runs before the devices are closed, and is waited for', async (t) => {
  const rig = await GuestRig.create();
  const guest = await rig.boot({
    disks: [XVDA],
    main: ({onShutdown, console, block, sleep}) =>
      forever(() =>
        onShutdown(async (reason) => {
          await sleep(500);
          const bytes = await block.list[0].read(0, 512);
          console.println(`${reason}: read ${bytes.length} bytes`);
        }),
      ),
  });
  await rig.write('/local/domain/1/control/shutdown', 'poweroff');
  await rig.settle(2 * SECOND);
  t.regex(rig.text(guest), /\npoweroff: read 512 bytes\n\[.*reboot: Power down\n$/);
  t.is(guest.domain.shutdownReason, SHUTDOWN_poweroff);
});

test('an onShutdown that fails or hangs does not keep the domain up', async (t) => {
  const rig = await GuestRig.create();
  const guest = await rig.boot({
    main: ({onShutdown}) =>
      forever(() => {
        onShutdown(fail);
        onShutdown(() => new Promise(() => undefined));
      }),
  });
  await rig.write('/local/domain/1/control/shutdown', 'poweroff');
  await rig.settle(15 * SECOND);
  t.is(guest.domain.shutdownReason, SHUTDOWN_poweroff);
});

test('devices of a program come and go, the same object each time', async (t) => {
  const rig = await GuestRig.create();
  const disks: string[] = [];
  let later: BlockDevice | undefined;
  let nic: NetDevice | undefined;
  const guest = await rig.boot({
    vifs: [0],
    main: async ({block, net}) => {
      nic = net.get('eth0');
      t.is(nic, net.list[0]);
      block.added.subscribe((disk) => disks.push(`+${disk.name}`));
      block.removed.subscribe((disk) => disks.push(`-${disk.name}`));
      later = await block.wait('xvdb');
      t.is(block.get('xvdb'), later);
      await new Promise(() => undefined);
    },
  });
  t.is(nic?.carrier, true);
  await rig.addDisk(guest, XVDA + 16);
  t.is(later?.sizeBytes, 1024 * 1024);
  await rig.detach(guest, 'vbd', XVDA + 16);
  t.deepEqual(disks, ['+xvdb', '-xvdb']);
});

test('timers, chance and the store', async (t) => {
  const rig = await GuestRig.create();
  const guest = await rig.boot({
    main: async ({now, sleep, after, random, xenstore, console, log}) => {
      const start = now();
      await sleep(250);
      console.println(`slept ${now() - start} ns`);
      after(10, fail).cancel();
      t.true(Number.isInteger(random()));
      await xenstore.write('data/note', 'mine');
      log(`note: ${await xenstore.read('data/note')}`);
    },
  });
  t.regex(rig.text(guest), /\nslept 250000000 ns\n\[.*\] note: mine\n/);
  t.is(await rig.read('/local/domain/1/data/note'), 'mine');
});
