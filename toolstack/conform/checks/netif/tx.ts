import {check, type Check} from '../../check.ts';
import {
  answersTx,
  answersTxId,
  copiesInstead,
  ignoresCopyStatus,
  misreadsNet,
  misreadsTxFlags,
  misreadsTxSize,
  TX_WORD,
} from '../../mutants/netif.ts';
import {backWords, overpublishes} from '../../mutants/ring.ts';
import {frontState, readsInstead} from '../../mutants/store.ts';
import {frameFromGuest, sameBytes} from '../../peers/frames.ts';
import {NET_RSP, TXF, type TxResponse} from '../../peers/net-slots.ts';
import type {PacketPart, VifBackendStand} from '../../stand/vif-backend.ts';

const NO_GRANT = 500;
const PAGE_BYTES = 4096;
const MIN_SLOTS = 18;

/** A frame in parts of so many bytes. */
export const cut = (frame: Uint8Array, ...sizes: readonly number[]): PacketPart[] => {
  let at = 0;
  return sizes.map((size) => ({bytes: frame.subarray(at, (at += size))}));
};

/** In so many slots, the last of which holds what is left. */
export const cutEvenly = (frame: Uint8Array, slots: number): PacketPart[] => {
  const part = Math.floor(frame.length / slots);
  return cut(frame, ...Array.from({length: slots - 1}, () => part), frame.length - part * (slots - 1));
};

const statuses = (responses: readonly TxResponse[]): string => responses.map(({status}) => status).join();

/** What was put is answered by these statuses, and these frames are on the wire. */
export const mustSend = async (
  stand: VifBackendStand,
  due: readonly number[],
  ...frames: readonly Uint8Array[]
): Promise<void> => {
  stand.wire.take();
  const responses = await stand.exchange();
  stand.must(statuses(responses) === due.join(), `statuses ${statuses(responses)}`, due.join());
  const sent = stand.wire.take();
  stand.must(sent.length === frames.length, `${sent.length} frames are on the wire`, String(frames.length));
  frames.forEach((frame, i) =>
    stand.must(
      sameBytes(sent[i].bytes, frame),
      () => `a frame of ${sent[i].bytes.length} bytes has others`,
      'its own bytes',
    ),
  );
};

/** Refused, but no more than that. */
const mustError = async (stand: VifBackendStand, slots: number): Promise<void> => {
  await mustSend(
    stand,
    Array.from({length: slots}, () => NET_RSP.error),
  );
  stand.must(await stand.serves(), 'a frame does not pass', 'the vif goes on');
};

const okays = (count: number): number[] => Array.from({length: count}, () => NET_RSP.okay);

export const txChecks: readonly Check[] = [
  check(
    'backend/vif',
    'NETIF-TX-01',
    async (stand) => {
      const peer = await stand.connect();
      for (const [id, size, offset] of [
        [0, 60, 0],
        [0xffff, 1514, 100],
        [0x1234, PAGE_BYTES, 0],
        [255, 99, 3997],
      ]) {
        const frame = frameFromGuest(size, id);
        peer.putTx({gref: peer.pageOf(frame, offset).gref, offset, size, id});
        stand.wire.take();
        const [response] = await stand.exchange();
        stand.must(
          response?.id === id && response.status === 0,
          `answer ${JSON.stringify(response)}`,
          `id ${id}, status 0`,
        );
        stand.must(
          sameBytes(stand.wire.take().at(0)?.bytes, frame),
          'another frame',
          `${size} bytes from offset ${offset}`,
        );
      }
    },
    {
      mutants: [
        answersTxId('answers with the lower byte of ids', (id) => id & 0xff),
        misreadsNet('tx', 'takes offset for 0', TX_WORD.offsetFlags, (word) => word & 0xffff0000),
        misreadsTxSize('takes size for a byte less', (size) => size - 1),
      ],
    },
  ),
  check(
    'backend/vif',
    'NETIF-TX-04',
    async (stand) => {
      const peer = await stand.connect();
      const {gref} = peer.page();
      const [offset, size] = [
        [4090, 20],
        [4095, 14],
        [0xffff, 60],
        [0, 4097],
        [1, 65535],
      ][stand.choose(5)];
      peer.putTx({gref, offset, size});
      stand.wire.take();
      const responses = await stand.exchange();
      stand.must(
        stand.wire.take().length === 0,
        'a frame is on the wire',
        `offset ${offset} and size ${size} cross the page`,
      );
      const isRefused = responses.at(0)?.status === NET_RSP.error || (await stand.reaches(5, 6));
      stand.must(isRefused, `statuses ${statuses(responses)}`, 'an error, or the vif is disabled');
    },
    {orders: 5, mutants: [misreadsTxSize('takes any size for 60', () => 60)]},
  ),
  check(
    'backend/vif',
    'NETIF-TX-05',
    async (stand) => {
      await stand.connect();
      if ((await stand.back('feature-sg')) !== '1') stand.inconclusive('the backend has no feature-sg');
      const frame = frameFromGuest(9000);
      for (const slots of [3, 4, 17, MIN_SLOTS]) {
        stand.putPacket(cutEvenly(frame, slots));
        await mustSend(stand, okays(slots), frame);
      }
    },
    {
      mutants: [
        copiesInstead('copies no more than 1000 bytes of a slot', ({length}) => ({length: Math.min(length, 1000)})),
      ],
    },
  ),
  check(
    'backend/vif',
    'NETIF-TX-06',
    async (stand) => {
      await stand.connect();
      const slots = 17 + stand.choose(7);
      const frame = frameFromGuest(2000);
      stand.putPacket(cutEvenly(frame, slots));
      if (slots <= 19) return mustSend(stand, okays(slots), frame);
      if (slots < 22) return mustError(stand, slots);
      stand.peer.pushTx();
      await stand.mustDisable(`${slots} slots`);
    },
    {
      orders: 7,
      mutants: [
        answersTx('answers that all went well', () => NET_RSP.okay),
        misreadsTxFlags('takes any slot for the last', (flags) => flags & ~TXF.more),
      ],
    },
  ),
  check(
    'backend/vif',
    'NETIF-TX-07',
    async (stand) => {
      const peer = await stand.connect();
      const {gref} = peer.page();
      for (let i = 0; i < 3; i++) peer.putTx({gref, size: i === 0 ? 300 : 100, flags: TXF.more, id: i});
      peer.pushTx();
      await stand.mustDisable('a packet without an end');
    },
    {mutants: [misreadsTxFlags('does not look at more_data', (flags) => flags & ~TXF.more)]},
  ),
  check(
    'backend/vif',
    'NETIF-TX-09',
    async (stand) => {
      await stand.connect();
      stand.putPacket(cut(frameFromGuest(300), 100, 100, 100), {total: 150});
      await mustError(stand, 3);
    },
    {mutants: [answersTx('answers that all went well', () => NET_RSP.okay)]},
  ),
  check(
    'backend/vif',
    'NETIF-TX-10',
    async (stand) => {
      await stand.connect();
      for (const size of [0, 1, 13]) stand.peer.putTx({gref: stand.peer.page().gref, size});
      await mustError(stand, 3);
      const least = frameFromGuest(14);
      stand.peer.putFrame(least);
      await mustSend(stand, [NET_RSP.okay], least);
    },
    {mutants: [misreadsTxSize('takes any frame for one of 60 bytes at least', (size) => Math.max(size, 60))]},
  ),
  check(
    'backend/vif',
    'NETIF-TX-11',
    async (stand) => {
      await stand.connect();
      const frame = frameFromGuest(200);
      const [first, second] = cut(frame, 100, 100);
      const empty = {bytes: new Uint8Array(0)};
      stand.putPacket([first, empty, second, {...empty, gref: NO_GRANT}]);
      await mustSend(stand, okays(4), frame);
    },
    {mutants: [misreadsTxSize('takes an empty slot for one of a byte', (size) => size || 1)]},
  ),
  check(
    'backend/vif',
    'NETIF-TX-12',
    async (stand) => {
      await stand.connect();
      const frame = frameFromGuest(900);
      stand.putPacket(cut(frame, 300, 300, 300), {id: 10});
      stand.peer.putFrame(frame, 20);
      stand.peer.putTx({gref: NO_GRANT, size: 60, id: 30});
      const ids = (await stand.exchange()).map(({id}) => id).toSorted((a, b) => a - b);
      stand.must(ids.join() === '10,11,12,20,30', `answers to ${ids.join()}`, 'one to each of 10,11,12,20,30');
    },
    {
      mutants: [
        overpublishes(backWords, -1),
        answersTxId('answers all slots of a packet with the id of its first', (id) => (id < 13 ? 10 : id)),
      ],
    },
  ),
  check(
    'backend/vif',
    'NETIF-TX-18',
    async (stand) => {
      const peer = await stand.connect();
      peer.putTx({gref: NO_GRANT, size: 60});
      await mustError(stand, 1);
      stand.putPacket([{bytes: frameFromGuest(100)}, {bytes: new Uint8Array(100), gref: NO_GRANT}]);
      await mustError(stand, 2);
    },
    {mutants: [ignoresCopyStatus, answersTx('answers that all went well', () => NET_RSP.okay)]},
  ),
  check(
    'backend/vif',
    'NETIF-TX-19',
    async (stand) => {
      await stand.connect();
      const frame = frameFromGuest(64);
      for (const sizes of [
        [1, 63],
        [13, 51],
        [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 50],
      ]) {
        stand.putPacket(cut(frame, ...sizes));
        await mustSend(stand, okays(sizes.length), frame);
      }
    },
    {mutants: [copiesInstead('wants whole headers in a slot', ({length}) => ({length: length < 14 ? 0 : length}))]},
  ),
  check(
    'backend/vif',
    'NETIF-TX-20',
    async (stand) => {
      const peer = await stand.connect();
      peer.putFrame(frameFromGuest(60));
      stand.wire.take();
      await stand.setState(5);
      await stand.settle();
      peer.pushTx();
      peer.notifyTx();
      await stand.settle();
      const sent = stand.wire.take();
      stand.must(sent.length === 0, `${sent.length} frames are on the wire`, 'none: the frontend is Closing');
    },
    {
      mutants: [
        readsInstead('does not see that the frontend is Closing', frontState, (value) => (value === '5' ? '4' : value)),
      ],
    },
  ),
];
