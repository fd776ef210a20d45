import {check, type Check} from '../../check.ts';
import {
  forgetsFinalCheck,
  looksAgain,
  looksBeforePublishing,
  publishesBeforeFilling,
  readsSlotsEarly,
} from '../../mutants/ring-order.ts';
import {backWords, frontWords, type RingEndWords} from '../../mutants/ring.ts';
import {needsNotify, type SharedRingPage} from '../../peers/shared-ring-page.ts';
import type {DeviceStand} from '../../stand/device-stand.ts';

const HEADER_BYTES = 64;
/** Moments among an implementation's accesses to the header at which its peer may act. */
const MOMENTS = 6;

/** Copies of the slots as they are when an index comes out that covers them. */
const slotsAtPublication = (stand: DeviceStand, ring: SharedRingPage, {ownProd}: RingEndWords): Map<number, string> => {
  const copies = new Map<number, string>();
  let old = ring.view.getUint32(ownProd, true);
  stand.spy.after = ({kind, offset, value}) => {
    if (kind !== 'write' || offset !== ownProd) return;
    for (; old !== value && copies.size < ring.slots; old = (old + 1) >>> 0) copies.set(old, slotText(ring, old));
  };
  return copies;
};

const slotText = (ring: SharedRingPage, index: number): string => {
  const {buffer, byteOffset, byteLength} = ring.slot(index);
  return Buffer.from(buffer, byteOffset, byteLength).toString('hex');
};

const mustBeUnchanged = (stand: DeviceStand, ring: SharedRingPage, copies: Map<number, string>): void => {
  stand.must(copies.size > 0, 'nothing was published', 'messages are published');
  for (const [index, copy] of copies) {
    const now = slotText(ring, index);
    stand.must(now === copy, `slot ${index} was ${copy}, became ${now}`, 'a slot is complete when the index covers it');
  }
};

/**
 * Does the peer's steps in turn, each before an access of the implementation to the header that is chosen: all at one, or
 * some accesses apart. `finish` does those that no access was left for.
 */
const interleave = (stand: DeviceStand, steps: (() => void)[]): {finish: () => void} => {
  const left = [...steps];
  const gaps = steps.map(() => stand.choose(MOMENTS));
  const next = (): void => {
    while (left.length > 0 && gaps[0] === 0) {
      gaps.shift();
      left.shift()?.();
    }
    if (gaps.length > 0) gaps[0]--;
  };
  stand.spy.before = ({offset}) => {
    if (offset < HEADER_BYTES) next();
  };
  const finish = (): void => {
    stand.spy.before = undefined;
    for (const step of left.splice(0)) step();
  };
  return {finish};
};

export const ringOrderChecks: readonly Check[] = [
  check(
    'backend/vbd',
    'RING-ORD-01',
    async (stand) => {
      const peer = await stand.connect();
      const copies = slotsAtPublication(stand, peer.ring, backWords);
      for (let i = 0; i < 4; i++) peer.putRead(BigInt(i), peer.page());
      peer.push();
      await stand.settle();
      mustBeUnchanged(stand, peer.ring, copies);
    },
    {mutants: [publishesBeforeFilling(backWords)]},
  ),
  check(
    'frontend/vbd',
    'RING-ORD-01',
    async (stand) => {
      const {ring} = await stand.connect();
      const copies = slotsAtPublication(stand, ring, frontWords);
      stand.ask(4);
      await stand.settle();
      mustBeUnchanged(stand, ring, copies);
    },
    {mutants: [publishesBeforeFilling(frontWords)]},
  ),
  check(
    'backend/vbd',
    'RING-ORD-02',
    async (stand) => {
      const peer = await stand.connect();
      const page = peer.page();
      stand.spy.before = ({kind, offset}) => {
        if (kind !== 'read' || offset !== backWords.peerProd || peer.reqProd > 0) return;
        peer.putRead(9n, page);
        peer.publish();
      };
      peer.notify();
      await stand.settle();
      const [response] = peer.take();
      stand.must(
        response?.id === 9n && response.status === 0,
        () => `the answer is to ${response?.id ?? 'nothing'}`,
        'the slot is read after the index',
      );
    },
    {mutants: [readsSlotsEarly(backWords)]},
  ),
  check(
    'frontend/vbd',
    'RING-ORD-02',
    async (stand) => {
      const peer = await stand.connect();
      const asked = stand.ask(1);
      await stand.settle();
      const [request] = peer.take();
      stand.spy.before = ({kind, offset}) => {
        if (kind !== 'read' || offset !== frontWords.peerProd || peer.rspProd > 0) return;
        peer.respond(request.id, request.operation);
        peer.publish();
      };
      peer.notify();
      await stand.settle();
      stand.must(
        asked.done === 1,
        `the read is ${asked.failed > 0 ? 'failed' : 'not done'}`,
        'the slot is read after the index',
      );
    },
    {mutants: [readsSlotsEarly(frontWords)]},
  ),
  check(
    'backend/vbd',
    'RING-ORD-03',
    async (stand) => {
      const peer = await stand.connect();
      peer.putRead(1n, peer.page());
      peer.ring.rspEvent = peer.rspCons + 1000;
      const before = peer.events;
      let taken = 0;
      const {finish} = interleave(stand, [
        () => (peer.ring.rspEvent = peer.rspCons + 1),
        () => (taken += peer.take({rearm: false}).length),
      ]);
      peer.push();
      await stand.settle();
      finish();
      const isHeard = taken > 0 || peer.events > before;
      stand.must(isHeard, 'the frontend sleeps with a response in the ring', 'an event wakes it');
    },
    {orders: MOMENTS * MOMENTS, mutants: [looksBeforePublishing(backWords)]},
  ),
  check(
    'frontend/vbd',
    'RING-ORD-03',
    async (stand) => {
      const peer = await stand.connect();
      peer.ring.reqEvent = peer.reqCons + 1000;
      const before = peer.events;
      let taken = 0;
      const {finish} = interleave(stand, [
        () => (peer.ring.reqEvent = peer.reqCons + 1),
        () => (taken += peer.take({rearm: false}).length),
      ]);
      stand.ask(1);
      await stand.settle();
      finish();
      const isHeard = taken > 0 || peer.events > before;
      stand.must(isHeard, 'the backend sleeps with a request in the ring', 'an event wakes it');
    },
    {orders: MOMENTS * MOMENTS, mutants: [looksBeforePublishing(frontWords)]},
  ),
  check(
    'backend/vbd',
    'RING-ORD-04',
    async (stand) => {
      const peer = await stand.connect();
      peer.putRead(1n, peer.page());
      const first = peer.reqProd;
      peer.push();
      peer.putRead(2n, peer.page());
      const {finish} = interleave(stand, [
        () => peer.publish(),
        () => needsNotify(first, peer.reqProd, peer.ring.reqEvent) && peer.notify(),
      ]);
      await stand.settle();
      finish();
      await stand.settle();
      const ids = peer.take().map(({id}) => id);
      stand.must(ids.length === 2, `answers to ${ids.join() || 'nothing'}`, 'no request is overlooked');
    },
    {orders: MOMENTS * MOMENTS, mutants: [forgetsFinalCheck(backWords)]},
  ),
  check(
    'frontend/vbd',
    'RING-ORD-04',
    async (stand) => {
      const peer = await stand.connect();
      const asked = stand.ask(2);
      await stand.settle();
      const [one, other] = peer.take();
      peer.respond(one.id, one.operation);
      const first = peer.rspProd;
      peer.push();
      peer.respond(other.id, other.operation);
      const {finish} = interleave(stand, [
        () => peer.publish(),
        () => needsNotify(first, peer.rspProd, peer.ring.rspEvent) && peer.notify(),
      ]);
      await stand.settle();
      finish();
      await stand.settle();
      stand.must(asked.done === 2, `${asked.done} of 2 reads are done`, 'no response is overlooked');
    },
    {orders: MOMENTS * MOMENTS, mutants: [forgetsFinalCheck(frontWords)]},
  ),
  check(
    'backend/vbd',
    'RING-ORD-05',
    async (stand) => {
      const peer = await stand.connect();
      const late: number[] = [];
      let isAnswered = false;
      stand.spy.after = ({kind, offset}) => {
        if (kind === 'write' && offset === backWords.ownProd) isAnswered = peer.ring.rspProd === peer.reqProd;
        if (isAnswered && kind === 'read' && offset >= HEADER_BYTES) late.push(offset);
      };
      for (let i = 0; i < 4; i++) peer.putRead(BigInt(i), peer.page());
      peer.push();
      await stand.settle();
      stand.must(isAnswered, 'requests are not answered', 'they are');
      stand.must(
        late.length === 0,
        `byte ${late[0]} of the ring is read after all is answered`,
        'a slot is read before it is given back',
      );
    },
    {mutants: [looksAgain(backWords)]},
  ),
];
