import {XS} from '../../../../hypervisor/xenstore/index.ts';
import {check, type Check} from '../../check.ts';
import {alsoWrites, pageReads, pageWrites, sendsNoPageEvents} from '../../mutants/xenstored.ts';
import {STORE_PAGE, type StoreRingPeer, type WireMessage, wireBytes} from '../../peers/store-ring.ts';
import type {XenstoredStand} from '../../stand/xenstored.ts';

const RING_BYTES = 1024;
const PAYLOAD_MAX = 4096;
/** @see xs_wire.h, XENSTORE_ERROR_*, XENSTORE_RECONNECT */
const ERROR_RINGIDX = 2;
const ERROR_PROTO = 3;
const RECONNECT = 1;
/** @see xs_wire.h, XENSTORE_SERVER_FEATURE_ERROR */
const FEATURE_ERROR = 2;

const domainPath: WireMessage = {type: XS.GET_DOMAIN_PATH, reqId: 7, txId: 0, payload: '1\0'};
const DOMAIN_PATH = '/local/domain/1\0';

const mustServe = async (stand: XenstoredStand, ring: StoreRingPeer, due: string): Promise<void> => {
  const [reply] = await ring.exchange(wireBytes(domainPath));
  stand.must(reply?.payload === DOMAIN_PATH, () => `the reply is ${JSON.stringify(reply?.payload)}`, due);
};

/** The domain is heard no more, with `code` in the page; others are. A store without the feature may say nothing. */
const mustGiveUp = async (stand: XenstoredStand, ring: StoreRingPeer, code: number): Promise<void> => {
  const said = ring.get('error');
  const mayBeSilent = (ring.get('features') & FEATURE_ERROR) === 0;
  stand.must(said === code || (said === 0 && mayBeSilent), `error is ${said}`, `error ${code}`);
  const before = ring.get('rspProd');
  ring.put(wireBytes(domainPath));
  await ring.kick();
  stand.must(ring.get('rspProd') === before, 'requests are answered still', 'the connection is dead');
  await stand.play('d2 GET_DOMAIN_PATH 2 -> /local/domain/2\nd0 IS_DOMAIN_INTRODUCED 1 -> T');
};

/** A request of a header only, that no store knows: 64 of them fill the ring. */
const unknown = wireBytes({type: 99, reqId: 1, txId: 0, payload: ''});

const announceTooLong = async (ring: StoreRingPeer): Promise<void> => {
  ring.put(wireBytes({...domainPath, payload: ''}, PAYLOAD_MAX + 1));
  await ring.kick();
};

export const storeRingChecks: readonly Check[] = [
  check(
    'xenstored',
    'XS-WIRE-01',
    async (stand) => {
      const ring = await stand.ring();
      ring.put(Uint8Array.of(10, 0, 0, 0, 0x44, 0x33, 0x22, 0x11, 0, 0, 0, 0, 2, 0, 0, 0, 0x31, 0));
      await ring.kick();
      ring.takeBytes();
      const due = [10, 0, 0, 0, 0x44, 0x33, 0x22, 0x11, 0, 0, 0, 0, 16, 0, 0, 0, ...Buffer.from(DOMAIN_PATH, 'latin1')];
      stand.must(ring.taken.join() === due.join(), `bytes ${ring.taken.join()}`, due.join());
    },
    {seeds: 1, mutants: [pageWrites('publishes a byte less', STORE_PAGE.rspProd, (value) => value - 1)]},
  ),
  check(
    'xenstored',
    'XS-WIRE-03',
    async (stand) => {
      const ring = await stand.ring();
      const path = `/conform/${'p'.repeat(100)}`;
      const payload = `${path}\0${'v'.repeat(PAYLOAD_MAX - path.length - 1)}`;
      const [reply] = await ring.exchange(wireBytes({type: XS.WRITE, reqId: 1, txId: 0, payload}));
      stand.must(reply?.reqId === 1, 'no reply to 4096 bytes', 'a reply');
      await mustServe(stand, ring, '4096 bytes are a message');
      await announceTooLong(ring);
      await mustGiveUp(stand, ring, ERROR_PROTO);
    },
    {seeds: 1, mutants: [pageWrites('says error 1', STORE_PAGE.error, () => 1)]},
  ),
  check(
    'xenstored',
    'XS-WIRE-08',
    async (stand) => {
      const ring = await stand.ring();
      for (const byte of wireBytes(domainPath)) {
        stand.must(ring.takeMessages().length === 0, 'a reply to half a request', 'none');
        ring.put(Uint8Array.of(byte));
        await ring.kick();
      }
      const [reply] = ring.takeMessages();
      stand.must(reply?.payload === DOMAIN_PATH, () => `the reply is ${JSON.stringify(reply?.payload)}`, DOMAIN_PATH);
      const long = wireBytes({type: XS.READ, reqId: 3, txId: 0, payload: `/${'p'.repeat(2000)}\0`});
      const [refusal] = await ring.exchange(long);
      stand.must(refusal?.reqId === 3, 'no reply to a request longer than the ring', 'a reply');
    },
    {
      seeds: 1,
      mutants: [
        pageReads('leaves the last byte', STORE_PAGE.reqProd, (value, {page}) =>
          value === page[STORE_PAGE.reqCons / 4] ? value : value - 1,
        ),
      ],
    },
  ),
  check(
    'xenstored',
    'XS-RING-01',
    async (stand) => {
      const ring = await stand.ring();
      const {page} = ring;
      const request = wireBytes(domainPath);
      const events = page.events;
      request.forEach((byte, i) => page.setByte(i, byte));
      page.set(2052, request.length);
      await ring.kick();
      const words = [2048, 2052, 2056, 2060].map((at) => page.get(at));
      const due = [request.length, request.length, 0, 16 + DOMAIN_PATH.length];
      stand.must(words.join() === due.join(), `req_cons, req_prod, rsp_cons, rsp_prod: ${words.join()}`, due.join());
      stand.must(page.byte(1024) === XS.GET_DOMAIN_PATH, `byte 1024 is ${page.byte(1024)}`, 'the reply begins there');
      stand.must(page.events > events, 'no event', 'an event');
    },
    {
      seeds: 1,
      mutants: [
        pageWrites('does not move req_cons', STORE_PAGE.reqCons, () => undefined),
        pageWrites('writes rsp_prod as req_prod', STORE_PAGE.rspProd, (value, {page}) => {
          page[STORE_PAGE.reqProd / 4] = value;
          return undefined;
        }),
      ],
    },
  ),
  check(
    'xenstored',
    'XS-RING-03',
    async (stand) => {
      const difference = [RING_BYTES + 1, 2 ** 31, 2 ** 32 - 1][stand.choose(3)];
      await stand.client('d2');
      const ring = await stand.ring();
      ring.set('reqProd', ring.get('reqCons') + difference);
      await ring.kick();
      await mustGiveUp(stand, ring, ERROR_RINGIDX);
    },
    {
      orders: 3,
      mutants: [
        pageReads('takes what fits', STORE_PAGE.reqProd, (value, {page}) => {
          const cons = page[STORE_PAGE.reqCons / 4];
          return (value - cons) >>> 0 > RING_BYTES ? cons : value;
        }),
        pageWrites('says error 1', STORE_PAGE.error, () => 1),
      ],
    },
  ),
  check(
    'xenstored',
    'XS-RING-04',
    async (stand) => {
      const ring = await stand.ring();
      const {page} = ring;
      let events = page.events;
      ring.put(wireBytes(domainPath).subarray(0, 10));
      await ring.kick();
      stand.must(page.events > events, 'no event when a part is taken', 'an event after each change of req_cons');
      events = page.events;
      ring.put(wireBytes(domainPath).subarray(10));
      await ring.kick();
      stand.must(page.events > events, 'no event with a reply', 'an event after each change of rsp_prod');
    },
    {seeds: 1, mutants: [sendsNoPageEvents]},
  ),
  check(
    'xenstored',
    'XS-RING-05',
    async (stand) => {
      const ring = await stand.ring();
      const count = RING_BYTES / unknown.length;
      for (let i = 0; i < count; i++) ring.put(unknown);
      const full = ring.get('reqProd') - ring.get('reqCons');
      stand.must(full === RING_BYTES, `${full} bytes are in the ring`, 'it is full');
      await ring.kick();
      const used = (): number => (ring.get('rspProd') - ring.get('rspCons')) >>> 0;
      let replies = 0;
      let fullest = 0;
      for (let turn = 0; turn < count && replies < count; turn++) {
        fullest = Math.max(fullest, used());
        replies += ring.takeMessages().length;
        await ring.kick();
      }
      stand.must(replies === count, `${replies} of ${count} requests are answered`, 'all');
      stand.must(ring.get('error') === 0, `error is ${ring.get('error')}`, 'no error');
      await mustServe(stand, ring, 'service goes on');
    },
    {
      seeds: 1,
      mutants: [
        pageReads('takes a full ring for an empty one', STORE_PAGE.reqProd, (value, {page}) => {
          const cons = page[STORE_PAGE.reqCons / 4];
          return value - cons === RING_BYTES ? cons : value;
        }),
        pageReads('takes all replies for read', STORE_PAGE.rspCons, (_, {page}) => page[STORE_PAGE.rspProd / 4]),
      ],
    },
  ),
  check(
    'xenstored',
    'XS-RING-06',
    async (stand) => {
      const ring = await stand.ring();
      const ask = (type: number, payload: string, txId = 0): Promise<WireMessage[]> =>
        ring.exchange(wireBytes({type, reqId: 5, txId, payload}));
      await ask(XS.WATCH, 'data\0token\0');
      const [begun] = await ask(XS.TRANSACTION_START, '\0');
      ring.set('connection', RECONNECT);
      const events = ring.page.events;
      await stand.play('d0 INTRODUCE 1 1 1 -> OK');
      await stand.settle(1e7);
      const indexes = (['reqCons', 'reqProd', 'rspCons', 'rspProd'] as const).map((field) => ring.get(field));
      stand.must(indexes.join() === '0,0,0,0', `indexes ${indexes.join()}`, 'empty rings');
      stand.must(ring.get('connection') === 0, `connection is ${ring.get('connection')}`, '0');
      stand.must(ring.page.events > events, 'no event', 'an event tells that it is done');
      const [stale] = await ask(XS.READ, 'data\0', Number.parseInt(begun?.payload ?? '0', 10));
      stand.must(stale?.payload === 'ENOENT\0', () => `a transaction from before: ${stale?.payload}`, 'it is gone');
      const replies = await ask(XS.WRITE, 'data\0v');
      stand.must(replies.length === 1, `${replies.length} messages`, 'a reply: watches are gone');
    },
    {
      seeds: 1,
      mutants: [
        pageWrites('leaves connection as it is', STORE_PAGE.connection, () => undefined),
        pageWrites('leaves rsp_prod as it is', STORE_PAGE.rspProd, (value) => (value === 0 ? undefined : value)),
        sendsNoPageEvents,
      ],
    },
  ),
  check(
    'xenstored',
    'XS-RING-06',
    async (stand) => {
      const ring = await stand.ring();
      ring.put(wireBytes(domainPath).subarray(0, 17));
      await ring.kick();
      ring.set('connection', RECONNECT);
      await stand.play('d0 INTRODUCE 1 1 1 -> OK');
      await stand.settle(1e7);
      await mustServe(stand, ring, 'what was half a message is dropped');
    },
    {
      seeds: 1,
      variant: 'half a message',
      mutants: [
        pageWrites('leaves req_cons as it is', STORE_PAGE.reqCons, (value) => (value === 0 ? undefined : value)),
      ],
    },
  ),
  check(
    'xenstored',
    'XS-RING-07',
    async (stand) => {
      const ring = await stand.ring();
      stand.must(ring.get('connection') === 0, `connection is ${ring.get('connection')}`, '0: connected');
      for (let i = 0; i < 3; i++) await mustServe(stand, ring, 'the domain is served');
      stand.must(
        ring.get('connection') === 0,
        `connection became ${ring.get('connection')}`,
        "setting it is the guest's",
      );
    },
    {seeds: 1, mutants: [alsoWrites('sets connection', STORE_PAGE.rspProd, STORE_PAGE.connection, RECONNECT)]},
  ),
  check(
    'xenstored',
    'XS-RING-08',
    async (stand) => {
      stand.profile = 'current';
      const ring = await stand.ring();
      const offered = ring.get('features');
      if (offered === 0) stand.inconclusive('the store offers no features');
      for (let i = 0; i < 3; i++) await mustServe(stand, ring, 'the domain is served');
      const mustOffer = (): void => {
        const now = ring.get('features');
        stand.must((now & offered) === offered, `features went from ${offered} to ${now}`, 'what was offered stays');
      };
      mustOffer();
      await stand.play('d0 INTRODUCE 1 1 1 -> OK');
      mustOffer();
    },
    {
      seeds: 1,
      mutants: [alsoWrites('clears features', STORE_PAGE.rspProd, STORE_PAGE.features, 0, (value) => value > 0)],
    },
  ),
  check(
    'xenstored',
    'XS-RING-09',
    async (stand) => {
      stand.profile = 'current';
      await stand.client('d2');
      const ring = await stand.ring();
      if ((ring.get('features') & FEATURE_ERROR) === 0)
        stand.inconclusive('the store does not offer to tell of errors');
      stand.must(ring.get('error') === 0, `error is ${ring.get('error')}`, '0 at first');
      if (stand.choose(2) === 0) {
        ring.set('rspCons', ring.get('rspProd') + 1);
        ring.put(wireBytes(domainPath));
        await ring.kick();
        await mustGiveUp(stand, ring, ERROR_RINGIDX);
      } else {
        await announceTooLong(ring);
        await mustGiveUp(stand, ring, ERROR_PROTO);
      }
    },
    {
      orders: 2,
      mutants: [
        pageWrites('says nothing', STORE_PAGE.error, () => undefined),
        pageWrites('says error 1', STORE_PAGE.error, () => 1),
      ],
    },
  ),
];
