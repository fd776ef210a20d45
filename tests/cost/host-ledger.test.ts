import test from 'ava';
import {difference, type Entry, parsePriceList, toRecord} from '../../hypervisor/cost/index.ts';
import {formatLedger} from '../../toolstack/pvsim/ledger-table.ts';
import {TestHost} from '../support/host.ts';

const DISK = 'disk=["ram:1m,raw,xvda,w"]';

const find = (entries: readonly Entry[] | undefined, device: string, side: string): Partial<Record<string, number>> => {
  const entry = entries?.find((each) => each.device === device && each.side === side);
  return entry === undefined ? {} : toRecord(entry.counts);
};

test('a host with a ledger counts what its guests do, device by device', async (t) => {
  const on = await TestHost.start({ledger: true});
  const domid = await on.boot('counted', `${DISK}\nvif=["bridge=xenbr0"]`);
  await on.shell(domid, 'dd if=/dev/xvda of=/dev/null bs=4096 count=16');
  const costs = on.host.costs();
  t.is(find(costs, 'vbd/51712', 'back').request, 16);
  t.true((find(costs, 'vbd/51712', 'front').memcpyBytes ?? 0) >= 16 * 4096);
  t.true((find(costs, 'console/0', 'front').evtchnSend ?? 0) > 0);
  t.true((find(costs, 'vif/0', 'back').xenstoreOp ?? 0) > 0);
  const table = formatLedger(costs ?? [], () => 'counted', parsePriceList());
  t.regex(table, /^counted vbd\/51712: 16 requests\n {2,}front {2,}\/request {2,}back {2,}\/request\n {2}hypercall /m);
  t.regex(table, /^ {2}modelled by dall2016-x86, of a request: guest \d+\.\d\d us, backend /m);
  await on.host.destroy(domid);
  await on.settle();
  t.deepEqual(on.host.costs(), []);
  await on.close();
});

test('of emulated hardware commands and frames are counted, and the accesses that they take', async (t) => {
  const on = await TestHost.start({ledger: true});
  const domid = await on.create(
    [
      'name="pc"\ntype="hvm"\nkernel="builtin"\nmemory=16\ncmdline="xen_emul_unplug=never ip=10.0.0.1/24"',
      'disk=["ram:1m,raw,hda,w"]\nvif=["bridge=xenbr0,model=e1000"]',
    ].join('\n'),
  );
  await on.settle();
  const before = on.host.costs() ?? [];
  await on.shell(domid, 'dd if=/dev/hda of=/dev/null bs=4096 count=16; ping -c 1 10.0.0.254');
  const costs = difference(on.host.costs() ?? [], before);
  t.is(find(costs, 'ide', 'back').request, 16);
  t.is(find(costs, 'ide', 'back').memcpyBytes, 16 * (4096 + 8), 'data, and a PRD of 8 bytes');
  const {pio = 0, irq, eoi} = find(costs, 'ide', 'front');
  t.deepEqual([irq, eoi], [16, 16]);
  t.is(pio % 16, 0);
  t.is(find(costs, 'e1000', 'back').request, 4, 'ARP and ICMP, there and back');
  await on.close();
});

test('the same host without a ledger does all the same in the same order', async (t) => {
  const run = async (ledger: boolean): Promise<{trace: string[]; costs: readonly Entry[] | undefined}> => {
    const on = await TestHost.start({ledger});
    const domid = await on.boot('guest', DISK);
    await on.shell(domid, 'dd if=/dev/xvda of=/dev/xvda bs=4096 count=16');
    const costs = on.host.costs();
    await on.close();
    return {trace: on.trace, costs};
  };
  const [counted, plain] = [await run(true), await run(false)];
  t.deepEqual(counted.trace, plain.trace);
  t.is(plain.costs, undefined);
});
