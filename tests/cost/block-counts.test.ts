import test from 'ava';
import {counted, formatEntry, Ledger} from '../../hypervisor/cost/index.ts';
import {type BlockRig, createBlockRig} from '../support/block.ts';
import {Counted} from './counted.ts';

const PAGE_BYTES = 4096;
const VBD = 'vbd/51712';

const start = async (persistent: boolean): Promise<{block: BlockRig; ledger: Ledger}> => {
  const ledger = new Ledger();
  const block = await createBlockRig({ledger, features: {persistent}});
  await block.attach();
  await block.settle();
  return {block, ledger};
};

const read = ({block, ledger}: {block: BlockRig; ledger: Ledger}, pages: number): Promise<Counted> =>
  Counted.of(ledger, () => block.run(() => block.disk.read(0, pages * PAGE_BYTES)));

for (const pages of [1, 8]) {
  test(`a read of ${pages} pages, each mapped for it: a hypercall to map, one to unmap, an event each way`, async (t) => {
    const counted = await read(await start(false), pages);
    t.deepEqual(counted.at(VBD, 'front'), {hypercall: 1, evtchnSend: 1, upcall: 1});
    t.deepEqual(counted.at(VBD, 'back'), {
      request: 1,
      hypercall: 3,
      evtchnSend: 1,
      upcall: 1,
      grantMap: pages,
      grantUnmap: pages,
      grantFlush: 1,
    });
  });

  test(`a read of ${pages} pages that stay granted: both events, and a copy in the guest`, async (t) => {
    const stand = await start(true);
    await read(stand, pages);
    const counted = await read(stand, pages);
    t.deepEqual(counted.at(VBD, 'front'), {hypercall: 1, evtchnSend: 1, upcall: 1, memcpyBytes: pages * PAGE_BYTES});
    t.deepEqual(counted.at(VBD, 'back'), {request: 1, hypercall: 1, evtchnSend: 1, upcall: 1});
  });
}

test('pages are mapped once when they stay granted', async (t) => {
  const counted = await read(await start(true), 8);
  t.is(counted.at(VBD, 'back').grantMap, 8);
  t.is(counted.at(VBD, 'back').grantUnmap, undefined);
});

test('the requests of one batch share its events', async (t) => {
  const {block, ledger} = await start(false);
  const counted = await Counted.of(ledger, () =>
    block.run(() => Promise.all(Array.from({length: 16}, (_, i) => block.disk.read(i * 8192, PAGE_BYTES)))),
  );
  const back = counted.at(VBD, 'back');
  t.is(back.request, 16);
  t.is(back.grantMap, 16);
  // Sixteen requests map, sixteen unmap; blkback makes no hypercall for a whole batch of these.
  t.is((back.hypercall ?? 0) - (back.evtchnSend ?? 0), 32);
  t.true((counted.at(VBD, 'front').upcall ?? 0) < 16);
});

test('an unmap of more than 32 pages flushes more than once', async (t) => {
  const counted = await read(await start(false), 80);
  // Three requests of 32, 32 and 16 segments, and a page of segments for each.
  t.is(counted.at(VBD, 'back').request, 3);
  t.is(counted.at(VBD, 'back').grantUnmap, 83);
  t.is(counted.at(VBD, 'back').grantFlush, 6);
});

test('what a driver asks of the store is counted, and counts are the same in every run', async (t) => {
  const readings = await Promise.all(
    [1, 2].map(async () => {
      const {ledger} = await start(true);
      return ledger.read().map(formatEntry);
    }),
  );
  t.deepEqual(readings[0], readings[1]);
  const {ledger} = await start(true);
  for (const side of ['front', 'back'] as const)
    t.true(ledger.account({domid: 1, device: VBD, side}).counts[counted.xenstoreOp] > 0);
});
