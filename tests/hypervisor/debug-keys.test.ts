import test from 'ava';
import {pressDebugKey} from '../../hypervisor/debug-keys/index.ts';
import {TestHost} from '../support/host.ts';
import {readFixture} from '../support/fixtures.ts';

/** Shapes of the lines that a key shows, in order; each may stand several times. */
const dumps: readonly (readonly [key: string, lines: readonly RegExp[]])[] = [
  [
    'e',
    [
      /^'e' pressed -> dumping event-channel info$/,
      /^Event channel information for domain 0:$/,
      /^Polling vCPUs: \{\}$/,
      /^ {4}port \[p\/m\/s\]$/,
      /^ {7}\d \[0\/[01]\/ {2}- {3}\]: s=3 n=0 x=0 d=1 p=\d+$/,
      /^Event channel information for domain 1:$/,
      /^ {7}1 \[0\/[01]\/ {2}- {3}\]: s=3 n=0 x=0 d=0 p=\d+$/,
    ],
  ],
  [
    'g',
    [
      /^gnttab_usage_print_all \[ key 'g' pressed$/,
      /^ {6}-{8} active -{8} {7}-{8} shared -{8}$/,
      /^\[ref\] localdom mfn {6}pin {10}localdom gmfn {5}flags$/,
      /^grant-table for remote d0 \(v1\)$/,
      /^ {2}\d+ frames \(64 max\), 1 maptrack frames \(1024 max\)$/,
      /^no active grant table entries$/,
      /^grant-table for remote d1 \(v1\)$/,
      /^\[0x001\] {6}0 0x000001 0x00000001 {10}0 0x000001 0x19$/,
      /^gnttab_usage_print_all \] done$/,
    ],
  ],
  [
    'q',
    [
      /^'q' pressed -> dumping domain info \(now = \d+\)$/,
      /^General information for domain 1:$/,
      /^ {4}nr_pages=4096 max_pages=4352 pod_pages=0$/,
      /^VCPU information and callbacks for domain 1:$/,
      /^ {4}VCPU0: CPU0 online upcall_pend=0\d upcalls=\d+ time=\d+ns$/,
      /^Notifying guest 1:0 \(virq 1, port 0\)$/,
    ],
  ],
  ['r', [/^NOW=\d+$/, /^Scheduler: SMP Credit Scheduler rev2 \(credit2\)$/, /^\tDomain: 1 w 256 c 0 v 1$/]],
  [
    'p',
    [/^Xen performance counters$/, /^d1v0: instructions=0 upcalls=[1-9]\d* interrupts=0$/, /^ {2}hypercalls: none$/],
  ],
  ['d', [/^'d' pressed -> dumping registers$/, /^d1v0: program, \d+ ports with handlers$/]],
  ['*', [/^'\*' pressed/, /^'d' pressed/, /^'e' pressed/, /^gnttab_usage_print_all \] done$/, /^NOW=/]],
  ['?', []],
];

for (const [key, shapes] of dumps) {
  test(`debug key ${key}`, async (t) => {
    const host = await TestHost.start();
    await host.boot('one', 'disk=["format=raw,vdev=xvda,access=rw,target=ram:1M"]');
    const {xen} = host.host;
    xen.clearConsole();
    pressDebugKey(xen, key);
    const lines = xen.consoleLines.map((line) => line.replace(/^\(XEN\) /, ''));
    let at = 0;
    for (const shape of shapes) {
      const found = lines.findIndex((line, index) => index >= at && shape.test(line));
      t.true(found >= 0, `${String(shape)} is not in\n${lines.slice(at).join('\n')}`);
      at = found + 1;
    }
    if (shapes.length === 0) t.deepEqual(lines, []);
    await host.close();
  });
}

test('the help names each key as Xen does, those alone that there are', async (t) => {
  const host = await TestHost.start();
  const {xen} = host.host;
  xen.clearConsole();
  pressDebugKey(xen, 'h');
  const theirs = readFixture('xl', 'xl-debug-keys-h.txt').split('\n');
  const ours = xen.consoleLines.filter((line) => !line.includes("key 'p'"));
  t.true(ours.length >= 8);
  for (const line of ours) t.true(theirs.includes(line), line);
  await host.close();
});
