import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {TestHost} from '../support/host.ts';
import {temporaryDirectory} from '../support/temporary.ts';
import {elfKernel, hypercall} from '../support/tiny-kernel.ts';

/** Does something again and again. */
const forever = (code: readonly number[]): number[] => {
  const back = -(code.length + 5);
  return [...code, 0xe9, back & 0xff, (back >> 8) & 0xff, (back >> 16) & 0xff, (back >> 24) & 0xff];
};

const hammers: readonly [title: string, code: number[]][] = [
  ['asks for the version', hypercall(17, 0)],
  ['yields', hypercall(29, 0)],
  ['makes hypercalls that do not exist', hypercall(63, 1)],
  ['passes bad pointers', hypercall(12, 7, 0xfffff000)],
];

for (const [title, code] of hammers) {
  test(`a guest that ${title} without end leaves the others their turn, and goes when it is destroyed`, async (t) => {
    const path = join(temporaryDirectory(t), 'kernel');
    writeFileSync(path, elfKernel(forever(code)));
    const host = await TestHost.start();
    const domid = await host.create(`name="hammer"\ntype="pvh"\nkernel="${path}"\nmemory=16`);
    const lines = ['name="other"', 'kernel="builtin"', 'memory=16', 'vif=["bridge=xenbr0"]', 'extra="ip=10.0.0.1/24"'];
    const other = await host.create(lines.join('\n'));
    await host.host.waitConnected(other);
    t.regex(await host.shell(other, 'ping -c 1 10.0.0.254', 2e8), /1 received/);
    t.true((host.host.xen.domain(domid)?.vcpus[0].counters().exits.hypercall ?? 0) > 1000);
    await host.host.destroy(domid);
    t.is(host.host.xen.domain(domid), undefined);
    await host.close();
  });
}
