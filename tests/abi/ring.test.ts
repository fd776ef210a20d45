import test from 'ava';
import * as fc from 'fast-check';
import {blkif_ring} from '../../hypervisor/abi/io/blkif.ts';
import {netif_rx_ring, netif_tx_ring} from '../../hypervisor/abi/io/netif.ts';
import type {RingTypes} from '../../hypervisor/abi/io/ring.ts';
import {usbif_conn_ring} from '../../hypervisor/abi/io/usbif.ts';
import {vscsiif_ring} from '../../hypervisor/abi/io/vscsiif.ts';
import {BackRing, FrontRing, SharedRing} from '../../hypervisor/abi/ring.ts';

const PAGE = 4096;
const WRAP = 2 ** 32;

/** Both ends, each over its own mapping of one page, begun at `start`. */
const pair = (types: RingTypes = blkif_ring, start = 0) => {
  const u32 = new Uint32Array((3 * PAGE) / 4);
  const area = {u32, base: PAGE, sizeBytes: PAGE};
  const shared = new SharedRing(types, 'x86_64', area);
  shared.init();
  Object.assign(shared, {reqProd: start, rspProd: start, reqEvent: start + 1, rspEvent: start + 1});
  const front = new FrontRing(shared, start);
  const back = new BackRing(new SharedRing(types, 'x86_64', area), start);
  return {u32, shared, front, back};
};

/** A message of which every word tells its number. */
const message = (words: number, number: number): Uint32Array =>
  Uint32Array.from({length: words}, (_, i) => Math.imul(number + 1, 0x9e3779b1) ^ i);

test('init leaves empty indexes, asks for the first message, and keeps the slots', (t) => {
  const u32 = new Uint32Array(PAGE / 4).fill(0xdeadbeef);
  const shared = new SharedRing(blkif_ring, 'x86_64', {u32, base: 0, sizeBytes: PAGE});
  shared.init();
  t.deepEqual([...u32.subarray(0, 16)], [0, 1, 0, 1, ...Array.from({length: 12}, () => 0)]);
  t.true(u32.subarray(16).every((word) => word === 0xdeadbeef));
});

const geometry: [RingTypes, 'x86_64' | 'x86_32', number, number, number][] = [
  [blkif_ring, 'x86_64', 4096, 32, 112],
  [blkif_ring, 'x86_32', 4096, 32, 108],
  [blkif_ring, 'x86_64', 65536, 512, 112],
  [netif_tx_ring, 'x86_64', 4096, 256, 12],
  [netif_rx_ring, 'x86_32', 4096, 256, 8],
  [vscsiif_ring, 'x86_64', 4096, 16, 252],
  [usbif_conn_ring, 'x86_64', 4096, 512, 4],
  [blkif_ring, 'x86_64', 64 + 112, 1, 112],
  [blkif_ring, 'x86_64', 64 + 3 * 112, 2, 112],
];
for (const [types, abi, sizeBytes, entries, entryBytes] of geometry)
  test(`${types.tag} ${abi} in ${sizeBytes} bytes has ${entries} entries of ${entryBytes} bytes`, (t) => {
    const ring = new SharedRing(types, abi, {u32: new Uint32Array(sizeBytes / 4), base: 0, sizeBytes});
    t.deepEqual([ring.entries, ring.entryBytes], [entries, entryBytes]);
    t.is(ring.slotWord(0), 16);
    t.is(ring.slotWord(entries - 1), 16 + ((entries - 1) * entryBytes) / 4);
    t.is(ring.slotWord(entries), ring.slotWord(0));
    t.is(ring.slotWord(WRAP - 1), ring.slotWord(entries - 1));
  });

test('an area that holds no entry, lies outside the memory or is not aligned is our bug', (t) => {
  const u32 = new Uint32Array(PAGE / 4);
  t.throws(() => new SharedRing(blkif_ring, 'x86_64', {u32, base: 0, sizeBytes: 64 + 111}), {message: /no entry fits/});
  t.throws(() => new SharedRing(blkif_ring, 'x86_64', {u32, base: 4, sizeBytes: PAGE}), {message: /outside memory/});
  t.throws(() => new SharedRing(blkif_ring, 'x86_64', {u32, base: 2, sizeBytes: 1024}), {message: /not aligned/});
  t.throws(() => new SharedRing(blkif_ring, 'x86_64', {u32, pages: [PAGE]}), {message: /outside memory/});
  t.throws(() => new SharedRing(blkif_ring, 'x86_64', {u32, pages: []}), {message: /without pages/});
});

test('a request is private until it is pushed, and is taken out by copy', (t) => {
  const {front, back, u32, shared} = pair(blkif_ring, WRAP - 1);
  const request = message(28, 7);
  front.putRequest(request);
  t.is(back.unconsumedRequests(), 0);
  front.pushRequests();
  t.is(back.unconsumedRequests(), 1);
  const taken = new Uint32Array(28);
  const slot = shared.slotWord(back.reqCons);
  back.takeRequest(taken);
  u32[slot] = 0;
  t.deepEqual(taken, request);
  t.is(back.reqCons, 0);
});

test('a message built in place in a claimed slot is the one that arrives', (t) => {
  const {front, back, u32, shared} = pair(netif_tx_ring, WRAP - 2);
  for (const number of [1, 2, 3]) u32.set(message(3, number), shared.slotWord(front.claimRequest()));
  front.pushRequests();
  const taken = new Uint32Array(3);
  t.is(back.skipRequest(), WRAP - 2);
  back.takeRequest(taken);
  t.deepEqual(taken, message(3, 2));
  back.takeRequest(taken);
  t.deepEqual(taken, message(3, 3));
});

test('a push notifies only when it passes the index that the peer awaits', (t) => {
  const {front, back} = pair(blkif_ring, WRAP - 3);
  back.awaitRequests(3);
  const outcomes = [1, 1, 1, 1].map(() => {
    front.claimRequest();
    return front.pushRequestsAndCheckNotify();
  });
  t.deepEqual(outcomes, [false, false, true, false]);
  front.awaitResponses(2);
  for (let i = 0; i < 4; i++) back.skipRequest();
  for (let i = 0; i < 4; i++) back.claimResponse();
  t.true(back.pushResponsesAndCheckNotify());
  t.false(back.pushResponsesAndCheckNotify());
});

test('an event index set between publishing and the check is seen: no lost wake-up', (t) => {
  const {front, back, shared} = pair(blkif_ring, WRAP - 1);
  shared.reqEvent = WRAP - 100;
  front.claimRequest();
  const old = front.pushRequests();
  t.false(front.requestsNeedNotify(old));
  back.awaitRequests();
  t.true(front.requestsNeedNotify(old));
});

test('the final check finds what arrived, and otherwise asks for an event', (t) => {
  const {front, back, shared} = pair(blkif_ring, WRAP - 1);
  shared.reqEvent = 77;
  front.claimRequest();
  front.pushRequests();
  t.is(back.finalCheckForRequests(), 1);
  t.is(shared.reqEvent, 77);
  back.skipRequest();
  t.is(back.finalCheckForRequests(), 0);
  t.is(shared.reqEvent, 1);
  back.claimResponse();
  back.pushResponses();
  t.is(front.finalCheckForResponses(), 1);
  front.skipResponse();
  t.is(front.finalCheckForResponses(), 0);
  t.is(shared.rspEvent, 1);
});

const claims: [claimed: number, overflow: boolean, unconsumed: number][] = [
  [0, false, 0],
  [1, false, 1],
  [32, false, 32],
  [33, true, 32],
  [0x7fffffff, true, 32],
  [0x80000000, true, 32],
  [WRAP - 1, true, 32],
];
for (const [claimed, overflow, unconsumed] of claims)
  test(`a frontend that claims ${claimed} requests is ${overflow ? 'broken' : 'sound'}`, (t) => {
    const start = WRAP - 5;
    const {back, shared} = pair(blkif_ring, start);
    shared.reqProd = start + claimed;
    t.is(back.requestProdOverflow(), overflow);
    t.is(back.unconsumedRequests(), unconsumed);
  });

test('a backend that claims more responses than slots is told from a sound one', (t) => {
  const {front, shared} = pair(blkif_ring, WRAP - 5);
  shared.rspProd = WRAP - 5 + 32;
  t.false(front.responseProdOverflow());
  t.is(front.unconsumedResponses(), 32);
  shared.rspProd = WRAP - 5 + 33;
  t.true(front.responseProdOverflow());
  shared.rspProd = WRAP - 6;
  t.true(front.responseProdOverflow());
  t.is(front.unconsumedResponses(), WRAP - 1);
});

test('requests wait while the answers to a full ring are unwritten', (t) => {
  const {front, back} = pair(blkif_ring, WRAP - 16);
  for (let i = 0; i < 32; i++) front.claimRequest();
  t.true(front.full());
  front.pushRequests();
  for (let i = 0; i < 32; i++) {
    t.false(back.requestConsOverflow());
    back.skipRequest();
  }
  t.true(back.requestConsOverflow());
  t.is(back.unconsumedRequests(), 0);
});

test('a ring prints itself in a line', (t) => {
  const {front, back, shared} = pair(blkif_ring, WRAP - 2);
  front.claimRequest();
  const dump = 'blkif 32x112 req_prod=0xfffffffe req_event=0xffffffff rsp_prod=0xfffffffe rsp_event=0xffffffff';
  t.is(String(shared), dump);
  t.is(String(front), `front ${dump} req_prod_pvt=0xffffffff rsp_cons=0xfffffffe`);
  t.is(String(back), `back ${dump} rsp_prod_pvt=0xfffffffe req_cons=0xfffffffe`);
});

test('scattered pages hold the same bytes as one area', (t) => {
  const pages = [5 * PAGE, 2 * PAGE, 7 * PAGE, 0];
  const scattered = new Uint32Array((8 * PAGE) / 4);
  const whole = new Uint32Array((4 * PAGE) / 4);
  const rings = [
    new SharedRing(blkif_ring, 'x86_64', {u32: scattered, pages}),
    new SharedRing(blkif_ring, 'x86_64', {u32: whole, base: 0, sizeBytes: 4 * PAGE}),
  ];
  for (const ring of rings) {
    ring.init();
    const front = new FrontRing(ring, WRAP - 100);
    for (let number = 0; number < ring.entries; number++) front.putRequest(message(28, number));
    front.pushRequests();
  }
  const gathered = pages.flatMap((page) => [...scattered.subarray(page / 4, (page + PAGE) / 4)]);
  t.deepEqual(gathered, [...whole]);

  const straddling = [...Array(rings[0].entries).keys()].filter((slot) => rings[0].slotWord(slot) < 0);
  t.deepEqual(straddling, [72, 109], 'slot 36 begins with the second page, these two cross into the third and fourth');
  const back = new BackRing(rings[0], WRAP - 100);
  const taken = new Uint32Array(28);
  for (let number = 0; number < rings[0].entries; number++) {
    back.takeRequest(taken);
    t.deepEqual(taken, message(28, number));
  }
});

/** What both ends may do in a step; the model decides how many messages that is. */
const steps = fc.array(
  fc.record({
    op: fc.constantFrom('fput', 'fpush', 'bget', 'bput', 'bpush', 'fget', 'bfinal', 'ffinal'),
    n: fc.integer({min: 1, max: 40}),
  }),
  {maxLength: 120},
);

/** A ring as five plain queues: slots free, requests unpublished, published, taken; responses likewise. */
class Model {
  readonly unpublishedRequests: number[] = [];
  readonly requests: number[] = [];
  readonly taken: number[] = [];
  readonly unpublishedResponses: number[] = [];
  readonly responses: number[] = [];
  /** Is the consumer asleep, waiting for an event? Both ends are at first. */
  asleep = {back: true, front: true};

  inFlight(): number {
    const {unpublishedRequests, requests, taken, unpublishedResponses, responses} = this;
    return [unpublishedRequests, requests, taken, unpublishedResponses, responses].reduce((n, q) => n + q.length, 0);
  }
}

for (const types of [blkif_ring, netif_tx_ring, netif_rx_ring])
  test(`${types.tag}: front and back behave as queues, with no wake-up lost`, (t) => {
    fc.assert(
      fc.property(fc.integer({min: WRAP - 80, max: WRAP - 1}), steps, (start, script) => {
        const {front, back, shared} = pair(types, start);
        const {entries, requestWords, responseWords} = shared;
        const model = new Model();
        const request = new Uint32Array(requestWords);
        const response = new Uint32Array(responseWords);
        let number = 0;
        const times = (n: number, most: number, act: () => void) => {
          for (let i = 0; i < Math.min(n, most); i++) act();
        };
        const run: Record<string, (n: number) => void> = {
          fput: (n) =>
            times(n, entries - model.inFlight(), () => {
              front.putRequest(message(requestWords, number));
              model.unpublishedRequests.push(number++);
            }),
          fpush: () => {
            const notify = front.pushRequestsAndCheckNotify();
            const news = model.unpublishedRequests.splice(0);
            model.requests.push(...news);
            t.is(notify, model.asleep.back && news.length > 0);
            if (notify) model.asleep.back = false;
          },
          bget: (n) =>
            times(n, model.requests.length, () => {
              back.takeRequest(request);
              const expected = model.requests.shift() ?? -1;
              t.deepEqual(request, message(requestWords, expected));
              model.taken.push(expected);
            }),
          bput: (n) =>
            times(n, model.taken.length, () => {
              const answered = model.taken.shift() ?? -1;
              back.putResponse(message(responseWords, ~answered));
              model.unpublishedResponses.push(answered);
            }),
          bpush: () => {
            const notify = back.pushResponsesAndCheckNotify();
            const news = model.unpublishedResponses.splice(0);
            model.responses.push(...news);
            t.is(notify, model.asleep.front && news.length > 0);
            if (notify) model.asleep.front = false;
          },
          fget: (n) =>
            times(n, model.responses.length, () => {
              front.takeResponse(response);
              t.deepEqual(response, message(responseWords, ~(model.responses.shift() ?? -1)));
            }),
          bfinal: () => {
            t.is(back.finalCheckForRequests(), model.requests.length);
            if (model.requests.length === 0) model.asleep.back = true;
          },
          ffinal: () => {
            t.is(front.finalCheckForResponses(), model.responses.length);
            if (model.responses.length === 0) model.asleep.front = true;
          },
        };
        for (const {op, n} of script) {
          run[op](n);
          t.is(front.free(), entries - model.inFlight());
          t.is(back.unconsumedRequests(), model.requests.length);
          t.is(front.unconsumedResponses(), model.responses.length);
          t.false(back.requestProdOverflow());
          t.false(front.responseProdOverflow());
        }
        return true;
      }),
      {numRuns: 200},
    );
  });
