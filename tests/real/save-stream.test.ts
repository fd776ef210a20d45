import {join} from 'node:path';
import {TestHost} from '../support/host.ts';
import {testWith} from '../support/real.ts';
import {answerSuspend, writeSuspendingKernel} from '../support/suspending-kernel.ts';
import {temporaryDirectory} from '../support/temporary.ts';
import {xenTools} from '../support/xen-tools.ts';

const xen = await xenTools();

testWith('missing' in xen ? xen.missing : undefined, "Xen's verify-stream-v2 takes what save writes", async (t) => {
  if ('missing' in xen) throw new Error(xen.missing);
  const directory = temporaryDirectory(t);
  const {host} = await TestHost.start();
  t.teardown(() => host.close({graceNs: 0}));
  writeSuspendingKernel(join(directory, 'kernel'));
  const domid = await host.create(
    host.parse(`name="tiny"\ntype="pvh"\nkernel="${directory}/kernel"\nmemory=16\ndisk=["ram:1M,raw,xvda,rw"]\n`),
  );
  host.disks.ram(domid, 'xvda')?.fill(1);
  answerSuspend(host, domid);
  await host.save(domid, join(directory, 'a.save'));
  const summary = xen.verifyStream(join(directory, 'a.save')).replace(/\d+ ns/, 'N ns');
  t.deepEqual(summary.trimEnd().split('\n'), [
    'Processed xl header',
    'Libxl Header: little endian',
    'Libxl Record: Libxc context, length 0',
    'Libxc Image Header: Version 3, little endian',
    'Domain Header: x86 HVM from Xen 4.17',
    'Libxc Record: Static data end, length 0',
    'Squashed 1 Page Data records together',
    'Libxc Record: TSC info, length 24',
    '  Mode 0, 1000000 kHz, N ns, incarnation 0',
    'Libxc Record: HVM params, length 40',
    'Libxc Record: HVM context, length 2144',
    'Libxc Record: End, length 0',
    'Libxl Record: End, length 0',
  ]);
});
