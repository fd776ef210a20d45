import {existsSync, readFileSync, statSync} from 'node:fs';
import test from 'ava';
import {XlHost} from '../support/xl.ts';

const MIB = 2 ** 20;
const DISK = 'disk = ["disk.img,raw,xvda,rw"]';

test.serial('kill -9 of the daemon loses nothing that a guest flushed, and the next one takes over', async (t) => {
  const host = XlHost.at(t);
  host.write('disk.img', Buffer.alloc(4 * MIB, 0xee));
  await host.create('hello', DISK);
  await host.waitForConsole('hello', /hello# $/);
  await host.type('hello', 'dd if=/dev/zero of=/dev/xvda bs=1M count=2 seek=1 conv=fsync', /^2097152 bytes .* copied/m);
  const {pid} = host;
  await host.kill();

  const image = readFileSync(host.path('disk.img'));
  t.is(image.length, 4 * MIB);
  t.true(image.subarray(0, MIB).every((byte) => byte === 0xee));
  t.true(image.subarray(MIB, 3 * MIB).every((byte) => byte === 0));
  t.true(image.subarray(3 * MIB).every((byte) => byte === 0xee));

  // What it left behind is there, and does not hinder the next one.
  for (const left of ['host.lock', 'host.sock', 'xenstored.sock']) t.true(existsSync(host.path(left)), left);
  const {status, stdout} = await host.pvsim('host', 'status');
  t.is(status, 3);
  t.regex(stdout, /no host runs/);
  t.regex(await host.ok('list'), /^Name .*\nDomain-0 .*\n$/);
  t.not(host.pid, pid);
  t.is(statSync(host.path('host.sock')).mode & 0o777, 0o600);
  // The image is free, and the guest finds what it had written.
  await host.ok('create', 'hello.cfg', `extra="run='hexdump -n 16 -s 1048576 /dev/xvda'"`);
  await host.waitForConsole('hello', /domain 1 "hello"[^]*domain 1 "hello"[^]*hexdump[^]*0{4}[^]*hello# $/);

  const second = await host.pvsim('host', 'run');
  t.is(second.status, 3);
  t.regex(second.stderr, /a host is already running/);
});

test.serial('host stop shuts guests down first', async (t) => {
  const host = XlHost.at(t);
  host.write('disk.img', Buffer.alloc(MIB));
  await host.create('hello', DISK, 'vif = [""]');
  await host.waitForConsole('hello', /hello# $/);
  await host.type('hello', 'dd if=/dev/random of=/dev/xvda bs=64k', /^1048576 bytes .* copied/m);
  const {status} = await host.pvsim('host', 'stop');
  t.is(status, 0);
  t.regex(host.consoleText('hello'), /reboot: Power down\n$/);
  for (const name of ['host.lock', 'host.sock', 'xenstored.sock']) t.false(existsSync(host.path(name)), name);
  t.is((await host.pvsim('host', 'status')).status, 3);
});

test.serial('of many xl that find no daemon, one starts it', async (t) => {
  const host = XlHost.at(t);
  const outcomes = await Promise.all(Array.from({length: 4}, () => host.xl('domname', '0')));
  for (const outcome of outcomes) t.deepEqual(outcome, {stdout: 'Domain-0\n', stderr: '', status: 0});
  t.is(host.read('log/daemon.log').match(/ serves /g)?.length, 1);
});
