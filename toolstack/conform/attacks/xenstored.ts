import {XS} from '../../../hypervisor/xenstore/index.ts';
import {check, type Check} from '../check.ts';
import {scripted} from '../checks/xenstore/scripted.ts';
import {
  answersInsteadOf,
  changesReply,
  ignoresTransactions,
  losesEvents,
  pageReads,
  pageWrites,
  repliesWith,
  swallows,
  takesGuestsForDom0,
  tiresOf,
  understands,
} from '../mutants/xenstored.ts';
import {STORE_PAGE, wireBytes} from '../peers/store-ring.ts';
import type {XenstoredStand} from '../stand/xenstored.ts';

const NODES = 1000;
const BIG = 'v'.repeat(2100);

/** What the store says that a domain uses, by CONTROL quota; the accounts of the C daemon and ours. */
const usageOf = async (stand: XenstoredStand, domid: number, what: 'nodes' | 'watches' | 'memory'): Promise<number> => {
  const {message} = await stand.ask('d0', XS.CONTROL, `quota\0${domid}\0`);
  const count = new RegExp(`^${what} +: +(\\d+)`, 'm').exec(message.payload)?.[1];
  return Number(count ?? stand.inconclusive('the store does not tell what domains use'));
};

const mustUse = async (stand: XenstoredStand, domid: number, what: 'nodes' | 'watches', due: number): Promise<void> => {
  const count = await usageOf(stand, domid, what);
  stand.must(count === due, `domain ${domid} is charged for ${count} ${what}`, String(due));
};

/** Others are served. */
const ALIVE = 'd2 GET_DOMAIN_PATH 2 -> /local/domain/2\nd0 READ /local/domain/2 -> *';

const miscounts = (what: string): ReturnType<typeof changesReply> =>
  changesReply(`miscounts ${what}`, XS.CONTROL, (payload) =>
    payload.replace(
      new RegExp(`^(${what} +: +)(\\d+)`, 'm'),
      (_, text: string, count: string) => `${text}${+count + 1}`,
    ),
  );

const removesNothing = swallows('forgets to remove', XS.RM);

export const storeAttacks: readonly Check[] = [
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
  check(
    'xenstored',
    'XSA-72',
    async (stand) => {
      for (let i = 0; i < 400; i++) await stand.ask('d0', XS.MKDIR, `/conform/child-number-${i}\0`);
      await stand.play('d0 DIRECTORY /conform -> E2BIG\nd0 READ /conform -> *');
    },
    {seeds: 1, mutants: [answersInsteadOf('E2BIG', 'OK')]},
  ),
  scripted(
    'XSA-115',
    `
    d1 WATCH / root              -> OK
    d1 WATCH /local local        -> OK
    d1 WATCH @introduceDomain i  -> OK
    d1 WATCH @releaseDomain r    -> OK
    d1: / root, /local local, @introduceDomain i, @releaseDomain r
    d2 WRITE secret v            -> OK
    d0 WRITE /conform/secret v   -> OK
    d0 RM /conform               -> OK
    release 2
    d1: none
    `,
    [takesGuestsForDom0],
  ),
  check(
    'xenstored',
    'XSA-206',
    async (stand) => {
      await stand.client('d1');
      await stand.client('d2');
      for (let round = 0; round < 20; round++) {
        await stand.play(`
          d2 TRANSACTION_START ''        -> #t
          d2 #t WRITE device/${round} v  -> OK
          d1 WRITE data/${round} v       -> OK
          d2 #t WRITE device/${round}/state 1 -> OK
          d2 #t TRANSACTION_END T        -> OK
        `);
      }
    },
    {seeds: 1, mutants: [tiresOf(XS.TRANSACTION_END, 10)]},
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
    'XSA-272',
    async (stand) => {
      for (let i = 0; i < NODES; i++) await stand.ask('d1', XS.WRITE, `${i % 7}/${i}/a/b\0v`);
      for (let i = 0; i < 5; i++) await stand.ask('d1', XS.MKDIR, `last${i}\0`);
      const count = await usageOf(stand, 1, 'nodes');
      stand.must(count <= NODES + 1, `${count} nodes`, 'parents that are made on the way count, too');
      await stand.play(`
        d1 WRITE more v -> ENOSPC
        d1 RM 0         -> OK
        d1 WRITE more v -> OK
      `);
    },
    {seeds: 1, mutants: [takesGuestsForDom0, removesNothing]},
  ),
  scripted(
    'XSA-322',
    `
    d0 WRITE /conform/secret v     -> OK
    d0 SET_PERMS /conform/secret n0 b1 -> OK
    d1 READ /conform/secret        -> v
    d1 WRITE mine v                -> OK
    release 1
    d0 READ /local/domain/1/mine   -> ENOENT
    d1 WATCH /conform/secret t     -> OK
    d1: /conform/secret t
    d1 READ /conform/secret        -> EACCES
    d1 WRITE /conform/secret w     -> EACCES
    d0 WRITE /conform/secret w     -> OK
    d1: none
    `,
    [swallows('forgets to release', XS.RELEASE), takesGuestsForDom0],
  ),
  check(
    'xenstored',
    'XSA-323',
    async (stand) => {
      const longest = 'q/'.repeat(900) + 'q';
      await stand.play(`
        d1 WRITE ${longest} v                -> OK
        d0 READ /local/domain/1/${longest}   -> v
        d0 RM /local/domain/1/${longest}     -> OK
        d0 RM /local/domain/1                -> OK
        d1 READ ${'p'.repeat(2049)}          -> EINVAL
        d1 READ /local/domain/1/${'p'.repeat(2049)} -> EINVAL
      `);
    },
    {
      seeds: 1,
      mutants: [
        answersInsteadOf('EINVAL', 'ENOENT'),
        repliesWith('does not find what is deep', (message) =>
          message.type === XS.READ ? {...message, type: XS.ERROR, payload: 'ENOENT\0'} : message,
        ),
      ],
    },
  ),
  scripted(
    'XSA-324',
    `
    d1 WATCH w ${'t'.repeat(4000)}        -> OK
    d1 WATCH w short                      -> OK
    d1: w ${'t'.repeat(4000)}, w short
    d1 WRITE w/${'x'.repeat(1500)} v      -> OK
    d1: w/${'x'.repeat(1500)} short
    ${ALIVE}
    `,
    [losesEvents],
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
    'XSA-330',
    async (stand) => {
      for (let round = 0; round < 3; round++) {
        for (let i = 0; i < 127; i++) await stand.ask('d1', XS.WATCH, `w\0${i}\0`);
        await mustUse(stand, 1, 'watches', 127);
        await stand.play(`d1 RESET_WATCHES '' -> OK`);
        await mustUse(stand, 1, 'watches', 0);
      }
      await stand.eventsOf('d1');
      await stand.play('d1 WRITE w v -> OK\nd1: none');
    },
    {seeds: 1, mutants: [swallows('forgets to reset', XS.RESET_WATCHES), miscounts('watches')]},
  ),
  scripted(
    'XSA-352',
    `
    d1 WRITE x v                 -> OK
    d1 SET_PERMS x n0            -> EPERM
    d1 SET_PERMS x n2 b1         -> EPERM
    d2 MKDIR x                   -> OK
    d1 TRANSACTION_START ''      -> #t
    d1 #t SET_PERMS x n2         -> EPERM
    d1 #t TRANSACTION_END T      -> OK
    d1 GET_PERMS x               -> n1
    `,
    [takesGuestsForDom0],
  ),
  scripted(
    'XSA-353',
    `
    d1 READ /        -> EACCES
    d1 WRITE / v     -> EACCES
    d1 SET_PERMS / n1 -> EACCES or EPERM
    d1 MKDIR /       -> EACCES
    d1 RM /          -> EACCES or EINVAL
    d0 RM /          -> EINVAL
    d0 READ /tool    -> *
    `,
    [takesGuestsForDom0, answersInsteadOf('EINVAL', 'OK')],
  ),
  scripted(
    'XSA-414',
    `
    d1 WRITE a/b/c/d ${BIG}      -> ENOSPC
    d0 READ /local/domain/1/a    -> ENOENT
    d0 DIRECTORY /local/domain/1 -> ''
    d1 WRITE a/b/c/d v           -> OK
    d0 DIRECTORY /local/domain/1/a/b -> c
    `,
    [takesGuestsForDom0],
  ),
  scripted(
    'XSA-415',
    `
    d1 TRANSACTION_START ''      -> #t
    d1 #t WRITE a/b/c v          -> OK
    d1 #t WRITE a/b/x ${BIG}     -> ENOSPC
    d1 #t TRANSACTION_END T      -> ENOMEM
    d1 READ a                    -> ENOENT
    ${ALIVE}
    `,
    [ignoresTransactions, takesGuestsForDom0],
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
  scripted(
    'XSA-417',
    `
    d0 WRITE /conform/for3 v          -> OK
    d0 SET_PERMS /conform/for3 n0 b3  -> OK
    introduce 3
    d3 READ /conform/for3             -> EACCES
    d3 WRITE /conform/for3 w          -> EACCES
    `,
    [takesGuestsForDom0],
  ),
  scripted(
    'XSA-418',
    `
    d0 WRITE /conform/${'a/'.repeat(900)}a v -> OK
    d0 READ /conform/${'a/'.repeat(900)}a    -> v
    d0 RM /conform/a                         -> OK
    d0 READ /conform/${'a/'.repeat(900)}a    -> ENOENT
    d0 DIRECTORY /conform                    -> ''
    `,
    [removesNothing],
  ),
  check(
    'xenstored',
    'XSA-419',
    async (stand) => {
      await stand.play('d1 WRITE shared v -> OK\nd2 MKDIR data -> OK');
      for (let round = 0; round < 5; round++) {
        await stand.play('d1 SET_PERMS shared n1 b2 -> OK\nd2 MKDIR data -> OK');
        for (let i = 0; i < 10; i++) await stand.play(`d2 WRITE /local/domain/1/shared/${round}/${i} v -> OK`);
        await stand.release(2);
        await stand.play(`d0 DIRECTORY /local/domain/1/shared -> ''`);
      }
      await mustUse(stand, 1, 'nodes', 2);
    },
    {seeds: 1, mutants: [swallows('forgets to release', XS.RELEASE), miscounts('nodes')]},
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
    'XSA-421',
    async (stand) => {
      for (let round = 0; round < 30; round++) {
        await stand.play(`
          d1 TRANSACTION_START ''      -> #t
          d1 #t WRITE x/y/z v          -> OK
          d1 #t RM x                   -> OK
          d1 #t TRANSACTION_END T      -> OK
        `);
      }
      await mustUse(stand, 1, 'nodes', 1);
    },
    {seeds: 1, mutants: [removesNothing, miscounts('nodes')]},
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
  scripted(
    'XSA-440',
    `
    d1 WRITE a/b v               -> OK
    d1 TRANSACTION_START ''      -> #t
    d1 #t RM a                   -> OK
    d1 RM a                      -> OK
    d1 #t TRANSACTION_END T      -> EAGAIN
    d1 READ a                    -> ENOENT
    ${ALIVE}
    `,
    [answersInsteadOf('EAGAIN', 'OK'), ignoresTransactions],
  ),
  check(
    'xenstored',
    'XSA-474',
    async (stand) => {
      const value = String.fromCharCode(...Array.from({length: 256}, (_, i) => i));
      await stand.ask('d1', XS.WRITE, `data\0${value}`);
      const {message} = await stand.ask('d0', XS.READ, '/local/domain/1/data\0');
      stand.must(message.payload === value, 'another value is read', 'all 256 bytes, as they were written');
    },
    {
      seeds: 1,
      mutants: [
        understands('keeps 7 bits', (request) => ({
          ...request,
          payload: request.payload.replaceAll(/[\x80-\xff]/g, '?'),
        })),
      ],
    },
  ),
  scripted(
    'XSA-481',
    `
    d1 READ /local/             -> EINVAL
    d1 WRITE /local/domain/ v   -> EINVAL
    d1 MKDIR /local/domain/1/   -> EINVAL
    d1 RM /local//domain        -> EINVAL
    d1 WATCH /local/domain// t  -> EINVAL
    d1 SET_PERMS // n1          -> EINVAL
    d0 READ /local/domain/      -> EINVAL
    ${ALIVE}
    `,
    [
      understands('takes off a slash at the end', (request) => ({
        ...request,
        payload: request.payload.replace(/\/+\0/, '\0'),
      })),
    ],
  ),
  check(
    'xenstored',
    'XSA-483',
    async (stand) => {
      for (let life = 0; life < 2; life++) {
        let made = 0;
        for (; made < NODES + 10; made++) {
          const {error} = await stand.ask('d1', XS.MKDIR, `n/${made % 10}/${made}\0`);
          if (error !== undefined) break;
        }
        stand.must(Math.abs(made - 988) <= 2, `${made} nodes in life ${life + 1}`, 'its whole quota each time');
        await stand.release(1);
      }
    },
    {seeds: 1, mutants: [takesGuestsForDom0, tiresOf(XS.MKDIR, 1200)]},
  ),
  scripted(
    'XSA-484',
    `
    d1 TRANSACTION_START ''      -> #t
    d1 #t WRITE a v              -> OK
    d1 #t RESET_WATCHES ''       -> OK
    d1 #t READ a                 -> ENOENT
    d1 #t TRANSACTION_END T      -> ENOENT
    d1 READ a                    -> ENOENT
    ${ALIVE}
    `,
    [swallows('forgets to reset', XS.RESET_WATCHES)],
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
