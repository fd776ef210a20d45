import test from 'ava';
import {TestHost} from '../support/host.ts';

const MIB = 2 ** 20;

test('a disk that is copied to the console arrives whole', async (t) => {
  const host = await TestHost.start();
  t.teardown(() => host.close());
  const domid = await host.boot('guest', 'disk=["format=raw,vdev=xvda,access=rw,target=ram:1M"]');
  const output = await host.shell(domid, 'dd if=/dev/xvda bs=1M', 5e9);
  t.is(output.split('\0').length - 1, MIB);
  t.regex(output, /\n1048576 bytes .* copied/);
});
