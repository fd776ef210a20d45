import {XS} from '../../../../hypervisor/xenstore/index.ts';
import {check, type Check} from '../../check.ts';
import {answersInsteadOf, pageReads, pageWrites, sendsNoPageEvents} from '../../mutants/xenstored.ts';
import {STORE_PAGE, type WireMessage, wireBytes} from '../../peers/store-ring.ts';
import type {StoreClientStand} from '../../stand/store-client.ts';

const RING_BYTES = 1024;
const NEAR_WRAP = 2 ** 32 - 500;

/** A store that holds "value" everywhere. */
const value = (request: WireMessage): WireMessage => ({...request, payload: 'value'});

const mustRead = async (stand: StoreClientStand, xs: ReturnType<StoreClientStand['start']>): Promise<void> => {
  let seen: string | undefined;
  void xs.read('data').then(
    (text) => (seen = text),
    (error: unknown) => (seen = String(error)),
  );
  await stand.serve(value);
  stand.must(seen === 'value', `a read gives ${seen ?? 'nothing'}`, '"value"');
};

export const storeClientChecks: readonly Check[] = [
  check(
    'frontend/store',
    'XS-RING-02',
    async (stand) => {
      stand.soil(NEAR_WRAP);
      const xs = stand.start();
      for (let i = 0; i < 40; i++) await mustRead(stand, xs);
    },
    {
      seeds: 1,
      mutants: [pageWrites('masks the index that it writes', STORE_PAGE.reqProd, (index) => index % RING_BYTES)],
    },
  ),
  check(
    'frontend/store',
    'XS-RING-04',
    async (stand) => {
      const xs = stand.start();
      void xs.read('data');
      await stand.settle(1e6);
      stand.must(stand.events > 0, 'no event', 'an event after req_prod');
      const [request] = stand.server.takeMessages();
      const before = stand.events;
      stand.server.put(wireBytes(value(request)));
      await stand.server.kick();
      stand.must(stand.events > before, 'no event', 'an event after rsp_cons');
    },
    {seeds: 1, mutants: [sendsNoPageEvents]},
  ),
  check(
    'frontend/store',
    'XS-RING-10',
    async (stand) => {
      stand.setWord(STORE_PAGE.connection, 1);
      const xs = stand.start();
      let seen: string | undefined;
      void xs.read('data').then((text) => (seen = text));
      await stand.settle(1e8);
      const written = stand.getWord(STORE_PAGE.reqProd);
      stand.must(written === 0, `${written} bytes are in the ring`, 'none while nobody is connected');
      stand.setWord(STORE_PAGE.connection, 0);
      await stand.server.kick();
      await stand.serve(value);
      stand.must(seen === 'value', `the read gives ${seen ?? 'nothing'}`, 'it goes on when connection is 0');
    },
    {seeds: 1, mutants: [pageReads('takes itself for connected', STORE_PAGE.connection, () => 0)]},
  ),
  check(
    'frontend/store',
    'XS-RING-11',
    async (stand) => {
      const xs = stand.start();
      await mustRead(stand, xs);
      let end: string | undefined;
      void xs.read('data').then(
        () => (end = 'done'),
        () => (end = 'refused'),
      );
      await stand.settle(1e6);
      const beyond = [RING_BYTES + 1, 2 ** 31, 2 ** 32 - 1][stand.choose(3)];
      stand.setWord(STORE_PAGE.rspProd, stand.getWord(STORE_PAGE.rspCons) + beyond);
      const cons = stand.getWord(STORE_PAGE.rspCons);
      await stand.server.kick();
      stand.must(stand.getWord(STORE_PAGE.rspCons) === cons, 'rsp_cons has moved', 'nothing of it is taken');
      stand.must(end === 'refused', `the read is ${end ?? 'waiting still'}`, 'the connection is given up');
    },
    {
      orders: 3,
      mutants: [
        pageReads('takes what fits', STORE_PAGE.rspProd, (index, {page}) => {
          const cons = page[STORE_PAGE.rspCons / 4];
          return (index - cons) >>> 0 > RING_BYTES ? cons : index;
        }),
      ],
    },
  ),
  check(
    'frontend/store',
    'XS-TXN-10',
    async (stand) => {
      const xs = stand.start();
      let [starts, reads] = [0, 0];
      let written = '';
      let isDone = false;
      const transaction = xs.transaction(async (tx) => xs.write('data', `${await xs.read('data', tx)}!`, tx));
      void transaction.then(() => (isDone = true));
      await stand.serve((request) => {
        if (request.type === XS.TRANSACTION_START) return {...request, payload: `${++starts}\0`};
        if (request.type === XS.READ) return {...request, payload: String(++reads)};
        if (request.type === XS.WRITE) written = request.payload;
        const conflicts = request.type === XS.TRANSACTION_END && starts < 3;
        return conflicts ? {...request, type: XS.ERROR, payload: 'EAGAIN\0'} : {...request, payload: 'OK\0'};
      });
      stand.must(isDone, 'the transaction does not end', 'it is done in the end');
      stand.must(starts === 3 && reads === 3, `${starts} starts, ${reads} reads`, '3 of each: all is done anew');
      stand.must(written === 'data\x003!', JSON.stringify(written), 'what follows from the last read');
    },
    {seeds: 1, mutants: [answersInsteadOf('EAGAIN', 'OK')]},
  ),
  check(
    'frontend/store',
    'XS-WATCH-14',
    async (stand) => {
      const xs = stand.start();
      const fired: string[] = [];
      const watching = xs.watch('data').subscribe((path) => fired.push(path));
      let token = '';
      await stand.serve((request) => {
        token = request.payload.split('\0')[1];
        return {...request, payload: 'OK\0'};
      });
      for (const payload of [`data\0${token}\0`, `data\0${token}\0`, 'other\0unknown\0', 'odd\0'])
        stand.server.put(wireBytes({type: XS.WATCH_EVENT, reqId: 0, txId: 0, payload}));
      await stand.server.kick();
      stand.must(fired.length === 2, `${fired.length} events reach the watcher`, '2');
      await mustRead(stand, xs);
      watching.unsubscribe();
    },
    {
      seeds: 1,
      mutants: [
        {
          name: 'hears nothing after an event of no watch',
          layer: () => {
            let isDeaf = false;
            return {
              receive: (message, pass) => {
                isDeaf ||= message.payload.includes('unknown');
                if (!isDeaf) pass(message);
              },
            };
          },
        },
      ],
    },
  ),
];
