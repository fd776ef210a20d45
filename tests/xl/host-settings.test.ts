import {mkdirSync} from 'node:fs';
import test from 'ava';
import {XlHost} from '../support/xl.ts';

test('xl -v prints what happens meanwhile, xl -vv states of devices too', async (t) => {
  const host = XlHost.at(t);
  await host.create('one');
  t.is(await host.ok('-v', 'pause', 'one'), 'domain 1: paused\n');
  t.is(await host.ok('unpause', 'one'), '');
  const attached = await host.ok('-vv', 'block-attach', 'one', 'ram:1M,raw,xvdb,w');
  t.regex(attached, /^domain 0: backend\/vbd\/1\/51728 added$/m);
  t.regex(attached, /^domain 0: backend\/vbd\/1\/51728 InitWait$/m);
  const destroyed = await host.ok('-v', 'destroy', 'one');
  t.is(destroyed, 'domain 1: paused\ndomain 1: dying\ndomain 1: destroyed\n');
});

test('xl.conf says what a vif gets that says nothing', async (t) => {
  const host = XlHost.at(t);
  host.write('xl.conf', 'autoballoon="off"\nvif.default.bridge="br7"\n');
  await host.pvsim('host', 'start', '--bridge', 'br7', '--bridge', 'br8');
  await host.create('one', 'vif = ["mac=00:16:3e:00:00:07", "bridge=br8"]');
  await host.ok('network-attach', 'one', 'mac=00:16:3e:00:00:08');
  const {stdout} = await host.pvsim('xenstore', 'ls', '/local/domain/0/backend/vif');
  t.deepEqual(
    Array.from(stdout.matchAll(/bridge = "(.*)"/g), ([, bridge]) => bridge),
    ['br7', 'br8', 'br7'],
  );
  host.write('xl.conf', 'vif.default.bridge = ,\n');
  const broken = await host.xl('network-attach', 'one');
  t.is(broken.status, 1);
  t.regex(broken.stderr, /xl\.conf:1: config parsing error/);
});

test('pvsim host start --auto makes the domains of a directory', async (t) => {
  const host = XlHost.at(t);
  mkdirSync(host.path('auto'));
  for (const name of ['b', 'a']) host.write(`auto/${name}.cfg`, `name="${name}"\nkernel="builtin"\nmemory=16\n`);
  host.write('auto/wrong', 'name="wrong"\nkernel="nosuch"\n');
  host.write('auto/.hidden', 'name="hidden"\nkernel="builtin"\n');
  const {stdout, status} = await host.pvsim('host', 'start', '--auto', 'auto');
  t.is(status, 0);
  t.regex(stdout, /^pvsim: .*auto\/a\.cfg: started$/m);
  t.regex(stdout, /^pvsim: .*auto\/wrong: not started\nlibxl: error: kernel .*nosuch: No such file or directory$/m);
  const names = (await host.domains()).map((line) => line.split(' ')[0]);
  t.deepEqual(names, ['Domain-0', 'a', 'b']);
  const again = await host.pvsim('host', 'start', '--auto', 'auto');
  t.regex(again.stdout, /Domain with name "a" already exists/);
  t.regex(
    (await host.pvsim('host', 'start', '--auto', 'none')).stderr,
    /^pvsim: --auto .*none: No such file or directory$/m,
  );
});
