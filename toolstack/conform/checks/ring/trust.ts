import {check, type Check} from '../../check.ts';
import {fetchesTwice} from '../../mutants/ring-order.ts';
import {trustsOrder, goesBySlot} from '../../mutants/ring-trust.ts';
import type {RingAccess} from '../../seam/ring-spy.ts';

const SLOTS = 32;
const SLOT_BYTES = 112;
const HEADER_BYTES = 64;

/** A byte of a slot that was read more than once. */
const readTwice = (accesses: readonly RingAccess[]): number | undefined => {
  const seen = new Set<number>();
  for (const {kind, offset} of accesses) {
    if (kind !== 'read' || offset < HEADER_BYTES) continue;
    if (seen.has(offset)) return offset;
    seen.add(offset);
  }
  return undefined;
};

export const ringTrustChecks: readonly Check[] = [
  check(
    'backend/vbd',
    'RING-SEC-01',
    async (stand) => {
      await stand.connect();
      const {accesses, stop} = stand.spy.record();
      stand.must(await stand.serves(), 'a read is not answered', 'it is');
      stop();
      const at = readTwice(accesses);
      stand.must(
        at === undefined,
        `byte ${at} of the ring is read twice`,
        'a request is copied once, and the copy is used',
      );
    },
    {mutants: [fetchesTwice]},
  ),
  check(
    'frontend/vbd',
    'RING-SEC-01',
    async (stand) => {
      await stand.connect();
      const {accesses, stop} = stand.spy.record();
      stand.must(await stand.reads(), 'a read failed', 'a read is done');
      stop();
      const at = readTwice(accesses);
      stand.must(
        at === undefined,
        `byte ${at} of the ring is read twice`,
        'a response is copied once, and the copy is used',
      );
    },
    {mutants: [fetchesTwice]},
  ),
  check(
    'frontend/vbd',
    'RING-SEC-02',
    async (stand) => {
      const peer = await stand.connect();
      stand.must(await stand.reads(), 'a read failed', 'a read is done');
      stand.ask(1);
      await stand.settle();
      const [{id, operation}] = peer.take();
      const wrong = [BigInt(SLOTS), BigInt(SLOTS + 1), 2n ** 63n, id + 1n, id + 2n ** 32n][stand.choose(5)];
      peer.respond(wrong, operation);
      peer.push();
      await stand.settle();
      stand.must(stand.guestLives, 'the guest has crashed', 'only the device is lost');
      stand.must(await stand.isDisabled(), `id ${wrong} is taken for ${id}`, 'the device is disabled');
    },
    {orders: 5, mutants: [trustsOrder(SLOT_BYTES)]},
  ),
  check(
    'frontend/vbd',
    'RING-SEC-02',
    async (stand) => {
      const peer = await stand.connect();
      stand.ask(2);
      await stand.settle();
      const [{id, operation}] = peer.take();
      for (let i = 0; i < 2; i++) peer.respond(id, operation);
      peer.push();
      await stand.settle();
      stand.must(stand.guestLives, 'the guest has crashed', 'only the device is lost');
      stand.must(await stand.isDisabled(), `id ${id} is taken twice`, 'the device is disabled');
    },
    {variant: 'repeated', mutants: [trustsOrder(SLOT_BYTES)]},
  ),
  check(
    'frontend/vbd',
    'RING-SEC-03',
    async (stand) => {
      const peer = await stand.connect();
      const asked = stand.ask(4);
      await stand.settle();
      const requests = peer.take();
      peer.ring.bytes.fill(0xff, HEADER_BYTES);
      for (const {id, operation} of requests.toReversed()) peer.respond(id, operation);
      peer.push();
      await stand.settle();
      stand.must(
        asked.done === 4,
        `${asked.done} of 4 reads are done`,
        'a completion needs nothing of the request slot',
      );
      stand.must(await stand.reads(), 'a read failed', 'service goes on');
    },
    {mutants: [goesBySlot(SLOT_BYTES)]},
  ),
];
