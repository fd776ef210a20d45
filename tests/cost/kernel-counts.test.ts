import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {HVM_PARAM_CONSOLE_EVTCHN} from '../../hypervisor/abi/hvm/params.ts';
import {toRecord} from '../../hypervisor/cost/index.ts';
import {TestHost} from '../support/host.ts';
import {temporaryDirectory} from '../support/temporary.ts';
import {CPUID, elfKernel, hypercall, LOOP_FOREVER, outb, withData} from '../support/tiny-kernel.ts';

const EVENT_CHANNEL_OP = 32;
const EVTCHNOP_SEND = 4;
const XEN_VERSION = 17;
const CONSOLE_PORT = 2;

test('of a kernel of its own events are counted by device, and all other exits of its CPU', async (t) => {
  const path = join(temporaryDirectory(t), 'kernel');
  const code = withData(new Uint8Array(Uint32Array.of(CONSOLE_PORT).buffer), (at) => [
    ...hypercall(EVENT_CHANNEL_OP, EVTCHNOP_SEND, at),
    ...hypercall(EVENT_CHANNEL_OP, EVTCHNOP_SEND, at),
    ...hypercall(XEN_VERSION, 0),
    ...outb(0x80, 1),
    ...CPUID,
    ...LOOP_FOREVER,
  ]);
  writeFileSync(path, elfKernel(code));
  const on = await TestHost.start({ledger: true});
  const domid = await on.create(`name="tiny"\ntype="pvh"\nkernel="${path}"\nmemory=16`);
  await on.settle(1e7);
  t.is(on.host.xen.domain(domid)?.hvmParams.get(HVM_PARAM_CONSOLE_EVTCHN), CONSOLE_PORT);
  const costs = on.host.costs() ?? [];
  const counts = Object.fromEntries(costs.map(({device, side, counts: each}) => [`${device} ${side}`, toRecord(each)]));
  t.like(counts['console/0 front'], {hypercall: 2, evtchnSend: 2});
  t.like(counts['cpu front'], {pio: 1, cpuid: 1, hypercall: 1});
  t.true((counts['cpu front'].instructions ?? 0) > 1000);
  await on.close();
});
