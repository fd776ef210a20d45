import {check, type Check} from '../../check.ts';
import {takesOperation} from '../../mutants/blkif.ts';
import {hearsFirstRing, servesOverrun} from '../../mutants/queues.ts';
import {backWords} from '../../mutants/ring.ts';
import {wrapsAfter} from '../../mutants/ring-layout.ts';
import {backState, writesInstead} from '../../mutants/store.ts';
import {BLK_OP, type BlockFrontendPeer} from '../../peers/block-frontend.ts';
import type {VbdBackendStand} from '../../stand/vbd-backend.ts';
import {fillPage, read, sameBytes, write} from './answers.ts';

const SLOT_BYTES = 112;
const SLOTS = 32;
const SECTOR_BYTES = 512;
/** Our own driver's stripes are of 1 MiB. */
const FAR_BYTES = 1 << 20;
/** Ring fulls that another ring may be kept waiting for. */
const PATIENCE = 50;

/** A connection of two queues. */
const connectTwo = async (stand: VbdBackendStand, target?: string): Promise<readonly BlockFrontendPeer[]> => {
  await stand.attach({target, back: {tuning: 'queues=2'}});
  await stand.arrives(2);
  if (Number((await stand.read(`${stand.backPath(stand.devid)}/multi-queue-max-queues`)) ?? 1) < 2)
    stand.inconclusive('the backend has one queue');
  const peers = [stand.newPeer(), stand.newPeer()];
  const path = stand.frontPath(stand.devid);
  await stand.write(`${path}/multi-queue-num-queues`, '2');
  await stand.write(`${path}/protocol`, 'x86_64-abi');
  for (const [i, {ringNodes}] of peers.entries())
    for (const [key, value] of Object.entries(ringNodes)) await stand.write(`${path}/queue-${i}/${key}`, value);
  await stand.setState(3);
  await stand.arrives(4);
  await stand.setState(4);
  await stand.settle();
  return peers;
};

/** Slots of a ring of 2^order pages. */
const slotsOf = (order: number): number => SLOTS * 2 ** order;

export const queueChecks: readonly Check[] = [
  check(
    'backend/vbd',
    'BLKIF-DYN-06',
    async (stand) => {
      const [first, second] = await connectTwo(stand, 'scripted');
      const {scriptedDisk: disk} = stand;
      const [page, other] = [first.page(), second.page()];
      const bytes = fillPage(other, 8);
      disk.isSlow = true;
      first.put({...read(0, [{gref: page.gref}]), id: 1n});
      first.push();
      await stand.settle();
      second.put({...write(64, [{gref: other.gref}]), id: 2n});
      second.push();
      await stand.settle();
      disk.finish(disk.waiting.length - 1);
      await stand.settle();
      stand.must(
        second.take().length === 1,
        'the second queue waits for the first',
        'queues do not wait for each other',
      );
      disk.isSlow = false;
      disk.finish();
      await stand.settle();
      stand.must(first.take().length === 1, 'the first queue is not served', 'it is');
      first.put({operation: BLK_OP.flush, id: 3n});
      first.push();
      await stand.settle();
      stand.must(first.take().length === 1, 'no answer to a flush', 'an answer');
      const stable = disk.stableBytes.subarray(64 * SECTOR_BYTES, 64 * SECTOR_BYTES + bytes.length);
      stand.must(
        sameBytes(stable, bytes),
        'a write of the other queue is not stable',
        'a flush covers writes of all queues',
      );
    },
    {mutants: [hearsFirstRing, takesOperation('takes flushes for discards', BLK_OP.flush, BLK_OP.discard)]},
  ),
  check(
    'frontend/vbd',
    'BLKIF-DYN-06',
    async (stand) => {
      await stand.attach({tuning: 'queues=2'}, {'multi-queue-max-queues': '2'});
      await stand.setState(2);
      await stand.arrives(3);
      if ((await stand.read(`${stand.frontPath(stand.devid)}/multi-queue-num-queues`)) !== '2')
        stand.inconclusive('the driver has one queue');
      const peers = [await stand.mapRing('queue-0/'), await stand.mapRing('queue-1/')];
      await stand.publish({sectors: '8192'});
      await stand.setState(4);
      await stand.arrives(4);
      const done = [0, 0, 0];
      const asked = [0, FAR_BYTES, 2 * FAR_BYTES].map(async (offset, i) => {
        await stand.disk.read(offset, 4096);
        done[i] = 1;
      });
      await stand.settle();
      // The second queue first: it owes the first nothing.
      for (const peer of peers.toReversed()) {
        for (const request of peer.take()) peer.serve(request, 0);
        peer.push();
        await stand.settle();
      }
      stand.must(done.join() === '1,1,1', `reads done: ${done.join()}`, 'answers of all queues count');
      await stand.within(Promise.all(asked), 'the reads end');
    },
    {mutants: [hearsFirstRing]},
  ),
  check(
    'backend/vbd',
    'BLKIF-DYN-01',
    async (stand) => {
      await stand.connect({target: 'scripted'});
      const path = stand.backPath(stand.devid);
      for (const sectors of [4096, 1024]) {
        stand.scriptedDisk.resize(sectors * SECTOR_BYTES);
        stand.tellSize(stand.devid);
        await stand.settle();
        stand.must(
          (await stand.read(`${path}/sectors`)) === String(sectors),
          `sectors ${await stand.read(`${path}/sectors`)}`,
          `${sectors}`,
        );
        const [size, state] = stand.store.writes.slice(-2);
        const isTold = size.path === `${path}/sectors` && state.path === `${path}/state` && state.value === '4';
        stand.must(
          isTold && size.txId === state.txId && size.txId !== 0,
          `${size.path} and ${state.path} are written`,
          'sectors and then state 4, in one transaction',
        );
      }
    },
    {
      mutants: [
        writesInstead('does not say its state again', backState, (value, nth) =>
          value === '4' && nth > 1 ? undefined : value,
        ),
        writesInstead('writes sectors once', 'sectors', (value, nth) => (nth > 0 ? undefined : value)),
      ],
    },
  ),
  check(
    'backend/vbd',
    'BLKIF-DYN-04',
    async (stand) => {
      const path = stand.backPath(stand.devid);
      const drive = {'device-type': 'cdrom', removable: '1'};
      await stand.connect({mode: 'r', front: {'device-type': 'cdrom'}, back: drive});
      for (const [params, sectors] of [
        ['', '0'],
        ['ram:2m', '4096'],
      ]) {
        await stand.write(`${path}/params`, params);
        await stand.settle();
        const seen = await stand.read(`${path}/sectors`);
        stand.must(seen === sectors, `sectors ${seen} with params "${params}"`, sectors);
      }
      stand.must(await stand.serves(), 'a read is not answered', 'the new medium is served');
    },
    {mutants: [writesInstead('writes sectors once', 'sectors', (value, nth) => (nth > 0 ? undefined : value))]},
  ),
  check(
    'backend/vbd',
    'RING-LAY-04',
    async (stand) => {
      const order = 1 + stand.choose(4);
      await stand.attach({order});
      await stand.arrives(2);
      if (Number((await stand.read(`${stand.backPath(stand.devid)}/max-ring-page-order`)) ?? 0) < order)
        stand.inconclusive(`the backend takes no rings of ${2 ** order} pages`);
      const peer = await stand.meet();
      const page = peer.page();
      for (let round = 0; round < 2; round++) {
        for (let i = 0; i < slotsOf(order); i++) peer.putRead(BigInt(i), page);
        const ids = new Set((await stand.exchange()).map(({id}) => id));
        stand.must(
          ids.size === slotsOf(order),
          `${ids.size} of ${slotsOf(order)} requests are answered`,
          `${slotsOf(order)} slots, 64 bytes behind the start`,
        );
      }
    },
    {orders: 4, mutants: [wrapsAfter(SLOTS, SLOT_BYTES)]},
  ),
  check(
    'frontend/vbd',
    'RING-LAY-04',
    async (stand) => {
      const order = 1 + stand.choose(2);
      const offers = {'max-ring-page-order': String(order), 'max-ring-pages': String(2 ** order)};
      const {ring, ringRefs} = await stand.connect({}, {front: {tuning: `order=${order}`}, offers});
      if (ringRefs.length !== 2 ** order) stand.inconclusive('the driver has a ring of one page');
      const asked = stand.ask(slotsOf(order) + 10);
      await stand.settle();
      const count = ring.reqProd - ring.rspProd;
      stand.must(count <= slotsOf(order), `${count} requests are outstanding`, `${slotsOf(order)} at most`);
      if (count <= SLOTS) stand.inconclusive('the driver does not fill the ring');
      await stand.serveAll();
      await stand.settle();
      stand.must(asked.done === slotsOf(order) + 10, `${asked.done} reads are done`, 'all');
    },
    {orders: 2, mutants: [wrapsAfter(SLOTS, SLOT_BYTES)]},
  ),
  check(
    'backend/vbd',
    'RING-IDX-12',
    async (stand) => {
      const peer = await stand.connect({target: 'scripted'});
      const {scriptedDisk: disk} = stand;
      const page = peer.page();
      disk.isSlow = true;
      for (let i = 0; i < SLOTS; i++) peer.put({...read(8 * i, [{gref: page.gref}]), id: BigInt(i)});
      peer.push();
      await stand.settle();
      peer.publish(SLOTS + 8);
      peer.notify();
      await stand.settle();
      disk.isSlow = false;
      while (disk.finish()) await stand.settle(1e6);
      peer.notify();
      await stand.settle();
      const answered = peer.ring.rspProd;
      stand.must(answered <= SLOTS, `${answered} requests are answered`, `${SLOTS} at most: the ring holds no more`);
    },
    {mutants: [servesOverrun(SLOTS)]},
  ),
  check(
    'backend/vbd',
    'RING-SEC-05',
    async (stand) => {
      const [flooded, other] = await connectTwo(stand);
      const page = flooded.page();
      let rounds = 0;
      const refill = (): void => {
        if (rounds >= PATIENCE || other.ring.rspProd === 1) return;
        rounds++;
        flooded.take();
        while (flooded.outstanding < SLOTS) flooded.putRead(0n, page);
        flooded.publish();
        flooded.notify();
      };
      stand.spy.after = ({kind, offset}) => {
        if (kind === 'write' && offset === backWords.ownProd && flooded.ring.rspProd !== flooded.rspCons) refill();
      };
      refill();
      other.putRead(7n, other.page());
      other.push();
      await stand.until(() => other.ring.rspProd === 1 || rounds >= PATIENCE);
      stand.must(
        other.ring.rspProd === 1 && rounds < PATIENCE,
        `${rounds} ring fulls are served before the other ring`,
        'its turn comes, whatever the first ring does',
      );
    },
    {mutants: [hearsFirstRing]},
  ),
];
