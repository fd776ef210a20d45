import test from 'ava';
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
