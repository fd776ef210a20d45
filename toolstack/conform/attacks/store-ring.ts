import {XS} from '../../../hypervisor/xenstore/index.ts';
import {check, type Check} from '../check.ts';
import {scripted} from '../checks/xenstore/scripted.ts';
import {losesEvents, pageReads, pageWrites, swallows, tiresOf} from '../mutants/xenstored.ts';
import {STORE_PAGE, wireBytes} from '../peers/store-ring.ts';
import {ALIVE, miscounts, mustUse, usageOf} from './store-steps.ts';

/** Guests that lie in their ring, and domains that come and go. */
export const storeRingAttacks: readonly Check[] = [
  check(
    'xenstored',
    'XSA-38',
    async (stand) => {
      const start = [0, 2 ** 32 - 512][stand.choose(2)];
      const ring = await stand.ring();
      await stand.client('d2');
      for (const field of ['reqCons', 'reqProd', 'rspCons', 'rspProd'] as const) ring.set(field, start);
      ring.set('reqProd', start + 2 ** 31);
      await ring.kick();
      stand.must(ring.get('reqCons') === start, `req_cons is ${ring.get('reqCons')}`, 'nothing of it is read');
      await stand.play(ALIVE);
    },
    {
      orders: 2,
      mutants: [
        pageReads('takes what there is of it', STORE_PAGE.reqProd, (value, {page}) => {
          const cons = page[STORE_PAGE.reqCons / 4];
          return (value - cons) >>> 0 > 1024 ? cons + 1024 : value;
        }),
      ],
    },
  ),
  ...[
    ['the stub domain first', 1, 2],
    ['the target first', 2, 1],
  ].map(([variant, first, second]) =>
    scripted(
      'XSA-233',
      `
      d1 MKDIR data                -> OK
      d2 MKDIR data                -> OK
      d0 SET_TARGET 1 2            -> OK
      release ${first}
      release ${second}
      d0 IS_DOMAIN_INTRODUCED 1    -> F
      d0 IS_DOMAIN_INTRODUCED 2    -> F
      d0 READ /local/domain/1      -> ENOENT
      d0 READ /local/domain/2      -> ENOENT
      `,
      [swallows('forgets to release', XS.RELEASE)],
      String(variant),
    ),
  ),
  check(
    'xenstored',
    'XSA-325',
    async (stand) => {
      await stand.play('d0 WATCH @releaseDomain t -> OK\nd2 MKDIR data -> OK\nd0: @releaseDomain t');
      const ring = await stand.ring();
      ring.put(wireBytes({type: XS.READ, reqId: 1, txId: 0, payload: ''}, 4097));
      await ring.kick();
      await stand.play(`
        d0: none
        d0 IS_DOMAIN_INTRODUCED 1 -> T
        d0 RELEASE 1              -> OK
        d0: @releaseDomain t
      `);
    },
    {seeds: 1, mutants: [swallows('forgets to release', XS.RELEASE), losesEvents]},
  ),
  check(
    'xenstored',
    'XSA-326',
    async (stand) => {
      await stand.play(`d2 MKDIR data -> OK\nd0 MKDIR /local/domain/1/many -> OK`);
      const ring = await stand.ring();
      await ring.exchange(wireBytes({type: XS.WATCH, reqId: 1, txId: 0, payload: `data\0${'t'.repeat(500)}\0`}));
      // Nothing is taken from here on.
      for (let i = 0; i < 100; i++) await stand.ask('d0', XS.WRITE, `/local/domain/1/data/${i}\0v`);
      const taken = ring.get('reqCons');
      const request = wireBytes({type: XS.GET_DOMAIN_PATH, reqId: 1, txId: 0, payload: '1\0'});
      let sent = 0;
      for (; sent < 400 && ring.put(request) === request.length; sent++) await ring.kick();
      const read = ring.get('reqCons') - taken;
      stand.must(read < 200 * request.length, `${read} bytes of requests are read`, 'no more than the quota lets');
      await stand.play(ALIVE);
    },
    {
      seeds: 1,
      mutants: [
        pageReads('takes all replies for read', STORE_PAGE.rspCons, (_, {page}) => page[STORE_PAGE.rspProd / 4]),
      ],
    },
  ),
  check(
    'xenstored',
    'XSA-416',
    async (stand) => {
      const ring = await stand.ring();
      await stand.play(`d2 MKDIR data -> OK\nd0 WRITE /local/domain/1/big ${'v'.repeat(1900)} -> OK`);
      await stand.play('d0 SET_PERMS /local/domain/1/big n1 -> OK');
      const request = wireBytes({type: XS.READ, reqId: 1, txId: 0, payload: 'big\0'});
      await ring.exchange(request);
      const before = await usageOf(stand, 1, 'memory');
      for (let i = 0; i < 20; i++) {
        ring.put(request);
        await ring.kick();
      }
      await ring.exchange(request);
      const after = await usageOf(stand, 1, 'memory');
      stand.must(
        after === before,
        `${after} bytes are kept for it, before it was ${before}`,
        'replies cost until taken',
      );
      await stand.play(ALIVE);
    },
    {seeds: 1, mutants: [pageWrites('leaves the last bytes', STORE_PAGE.rspProd, (value) => value - 1)]},
  ),
  check(
    'xenstored',
    'XSA-420',
    async (stand) => {
      await stand.client('d2');
      const length = [4097, 2 ** 30, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1][stand.choose(5)];
      const ring = await stand.ring();
      ring.put(wireBytes({type: XS.READ, reqId: 1, txId: 0, payload: ''}, length));
      await ring.kick();
      const before = ring.get('rspProd');
      ring.put(wireBytes({type: XS.GET_DOMAIN_PATH, reqId: 1, txId: 0, payload: '1\0'}));
      await ring.kick();
      stand.must(ring.get('rspProd') === before, 'requests are answered still', 'the connection is dead');
      await stand.play(ALIVE);
    },
    {orders: 5, mutants: [tiresOf(XS.GET_DOMAIN_PATH, 0)]},
  ),
  check(
    'xenstored',
    'XSA-425',
    async (stand) => {
      const watch = wireBytes({type: XS.WATCH, reqId: 1, txId: 0, payload: '@releaseDomain\0t\0'});
      for (let round = 0; round < 6; round++) {
        const ring = await stand.ring();
        await stand.introduce(2);
        ring.put(watch.subarray(0, 20));
        if (round % 2 === 0) await ring.kick();
        await stand.release(1 + (round % 2));
      }
      await stand.release(1);
      const ring = await stand.ring();
      const [reply] = await ring.exchange(wireBytes({type: XS.GET_DOMAIN_PATH, reqId: 1, txId: 0, payload: '1\0'}));
      const path = reply?.payload;
      stand.must(path === '/local/domain/1\0', `the reply is ${JSON.stringify(path)}`, 'the domain is served');
      await stand.play(ALIVE);
    },
    {seeds: 1, mutants: [swallows('takes no notice of introductions', XS.INTRODUCE)]},
  ),
  check(
    'xenstored',
    'XSA-512',
    async (stand) => {
      const ring = await stand.ring();
      for (let round = 0; round < 5; round++) {
        for (let i = 0; i < 10; i++)
          await ring.exchange(wireBytes({type: XS.WATCH, reqId: 1, txId: 0, payload: `w\0${i}\0`}));
        await mustUse(stand, 1, 'watches', 10);
        await stand.play('d0 INTRODUCE 1 1 1 -> OK');
        await stand.settle(1e7);
        await mustUse(stand, 1, 'watches', 0);
      }
    },
    {seeds: 1, mutants: [swallows('takes no notice of a second introduction', XS.INTRODUCE), miscounts('watches')]},
  ),
];
