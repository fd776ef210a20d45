import {GNTMAP_host_map, GNTMAP_readonly} from '../../../../hypervisor/abi/grant-table.ts';
import {check, type Check} from '../../check.ts';
import {keepsGrants} from '../../mutants/leaks.ts';
import {
  misreadsNet,
  miswritesNet,
  miswritesTxFlags,
  miswritesTxId,
  miswritesTxSize,
  publishesSingly,
  trustsTxOrder,
  TX_WORD,
} from '../../mutants/netif.ts';
import {readsInstead} from '../../mutants/store.ts';
import {frameFromGuest, sameBytes} from '../../peers/frames.ts';
import {NET_RSP, TXF} from '../../peers/net-slots.ts';
import type {VifFrontendStand} from '../../stand/vif-frontend.ts';

const PAGE_BYTES = 4096;
const LONG_BYTES = 9000;
const JUMBO = {mtu: LONG_BYTES};
const RSP_NULL_ID = 0xffff;
const REQ_PROD = 0;
const SECRET = 0x5e;
/** Of a map: a transmit page may be read only. */
const READ = GNTMAP_host_map | GNTMAP_readonly;

/** The device is given up, the guest is not. */
export const mustDisable = async (stand: VifFrontendStand, why: string): Promise<void> => {
  await stand.settle();
  stand.must(stand.guestLives, 'the guest has crashed', 'only the device is lost');
  stand.must(await stand.isDisabled(), 'the device goes on', `${why}: the device is disabled`);
};

/** A backend that is not trusted finds no bytes of an earlier frame. @see XSA-403 */
export const mustShowPayloadOnly = async (stand: VifFrontendStand): Promise<void> => {
  const peer = await stand.connect({front: {trusted: '0'}});
  for (const [size, value] of [
    [1514, SECRET],
    [60, 0x11],
  ]) {
    const [request] = await stand.sends(new Uint8Array(size).fill(value));
    const {offset} = request;
    const bytes = peer.bytesOf(request.gref);
    const isClean = bytes?.every((byte, i) => byte === (i >= offset && i < offset + size ? value : 0));
    stand.must(isClean === true, 'the page has bytes of an earlier frame', 'payload or 0');
    peer.respondTx(request.id);
    peer.pushTx();
    await stand.settle();
  }
};

/** Sends a frame of several slots; inconclusive when the driver does not. */
const sendLong = async (
  stand: VifFrontendStand,
  bytes = LONG_BYTES,
): Promise<ReturnType<VifFrontendStand['sends']>> => {
  const requests = await stand.sends(frameFromGuest(bytes));
  if (requests.length < 2) stand.inconclusive(`the driver sends a frame of ${bytes} bytes in ${requests.length} slots`);
  return requests;
};

/** Bytes of each slot of one packet. */
const parts = ([first, ...others]: readonly {readonly size: number}[]): number[] => [
  first.size - others.reduce((sum, {size}) => sum + size, 0),
  ...others.map(({size}) => size),
];

const frames = (count: number): Uint8Array[] => Array.from({length: count}, (_, i) => frameFromGuest(60, i));

const statusOf = (word: number): number => word >> 16;

export const frontendTxChecks: readonly Check[] = [
  check('frontend/vif', 'NETIF-NEG-16', mustShowPayloadOnly, {
    mutants: [readsInstead('does not look at trusted', 'trusted', () => '1')],
  }),
  check(
    'frontend/vif',
    'NETIF-TX-01',
    async (stand) => {
      const peer = await stand.connect();
      for (const size of [14, 60, 1514]) {
        const frame = frameFromGuest(size, size);
        const requests = await stand.sends(frame);
        stand.must(
          sameBytes(stand.bytesOf(requests), frame),
          `${requests.length} requests with other bytes`,
          'the frame',
        );
        for (const {id} of requests) peer.respondTx(id);
        peer.pushTx();
        await stand.settle();
      }
      stand.must(await stand.works(), 'a frame does not pass', 'the device goes on');
    },
    {
      mutants: [
        miswritesTxSize('says a byte less', (size) => size - 1),
        miswritesNet('tx', 'says another offset', TX_WORD.offsetFlags, (word) => word + 1),
        miswritesNet('tx', 'names another page', TX_WORD.gref, (gref) => gref + 1),
      ],
    },
  ),
  check(
    'frontend/vif',
    'NETIF-TX-02',
    async (stand) => {
      await stand.connect(JUMBO);
      const requests = await sendLong(stand);
      stand.must(
        requests[0].size === LONG_BYTES,
        `size ${requests[0].size} in the first slot`,
        `${LONG_BYTES}: the whole packet`,
      );
      stand.must(sameBytes(stand.bytesOf(requests), frameFromGuest(LONG_BYTES)), 'other bytes', "the frame's");
    },
    {
      mutants: [
        miswritesTxSize('says of the first slot its own part', (size) => Math.min(size, PAGE_BYTES)),
        miswritesTxSize('says the whole of each slot', () => LONG_BYTES),
      ],
    },
  ),
  check(
    'frontend/vif',
    'NETIF-TX-03',
    async (stand) => {
      await stand.connect(JUMBO);
      for (const size of [1514, 4097, LONG_BYTES]) {
        const requests = await stand.sends(frameFromGuest(size));
        const own = parts(requests);
        requests.forEach(({offset}, i) =>
          stand.must(
            own[i] >= 0 && offset + own[i] <= PAGE_BYTES,
            `${own[i]} bytes at offset ${offset} in slot ${i}`,
            'each slot within its page',
          ),
        );
      }
    },
    {mutants: [miswritesNet('tx', 'begins in the middle of a page', TX_WORD.offsetFlags, (word) => word + 2048)]},
  ),
  check(
    'frontend/vif',
    'NETIF-TX-08',
    async (stand) => {
      const {tx} = await stand.connect(JUMBO);
      const halves: number[] = [];
      stand.spy.after = ({kind, ring, offset, value}) => {
        if (kind !== 'write' || ring !== 'tx-ring-ref' || offset !== REQ_PROD) return;
        if ((tx.readSlot(value - 1).getUint16(6, true) & TXF.more) !== 0) halves.push(value);
      };
      await sendLong(stand);
      stand.must(halves.length === 0, `req_prod is ${halves[0]} in the middle of a packet`, 'whole packets only');
    },
    {mutants: [publishesSingly('tx')]},
  ),
  check(
    'frontend/vif',
    'NETIF-TX-13',
    async (stand) => {
      const peer = await stand.connect();
      const requests = await stand.sends(...frames(4));
      if (requests.length !== 4) stand.inconclusive(`${requests.length} requests for 4 frames`);
      const handle = peer.map(requests[0].gref, READ);
      for (const {id} of requests.slice(1).toReversed()) peer.respondTx(id);
      peer.pushTx();
      await stand.settle();
      peer.unmap(handle);
      peer.respondTx(requests[0].id);
      peer.pushTx();
      await stand.settle();
      stand.must(await stand.works(), 'a frame does not pass', 'answers come in any order');
    },
    {mutants: [trustsTxOrder]},
  ),
  check(
    'frontend/vif',
    'NETIF-TX-14',
    async (stand) => {
      const peer = await stand.connect();
      const [request] = await stand.sends(frameFromGuest(60));
      const wrong = [request.id + 1, 255, 256, 0xffff][stand.choose(4)];
      peer.respondTx(wrong === request.id ? wrong - 1 : wrong);
      peer.pushTx();
      await mustDisable(stand, `an answer to ${wrong}, which is not under way`);
    },
    {orders: 4, mutants: [trustsTxOrder]},
  ),
  check(
    'frontend/vif',
    'NETIF-TX-14',
    async (stand) => {
      await stand.connect();
      const ids = new Set<number>();
      for (const {id} of await stand.sends(...frames(100))) {
        stand.must(!ids.has(id), `two requests have id ${id}`, 'ids of what is under way are unique');
        ids.add(id);
      }
      if (ids.size < 2) stand.inconclusive(`${ids.size} requests`);
    },
    {variant: 'unique', seeds: 1, mutants: [miswritesTxId('uses ids of four bits', (id) => id & 0xf)]},
  ),
  check(
    'frontend/vif',
    'NETIF-TX-15',
    async (stand) => {
      const peer = await stand.connect();
      const [, second] = await stand.sends(...frames(2));
      peer.respondTx(RSP_NULL_ID, NET_RSP.null);
      peer.respondTx(second.id);
      peer.pushTx();
      await stand.settle();
      stand.must(await stand.works(), 'a frame does not pass', 'an answer of status NULL is skipped');
    },
    {
      mutants: [
        misreadsNet('tx', 'takes NULL for OKAY', TX_WORD.response, (word) =>
          statusOf(word) === NET_RSP.null ? word & 0xffff : word,
        ),
      ],
    },
  ),
  check(
    'frontend/vif',
    'NETIF-TX-16',
    async (stand) => {
      const peer = await stand.connect();
      const [request] = await stand.sends(frameFromGuest(60));
      const handle = peer.map(request.gref, READ);
      peer.respondTx(request.id);
      peer.pushTx();
      await mustDisable(stand, 'a page that is answered is still mapped');
      peer.unmap(handle);
    },
    {mutants: [keepsGrants]},
  ),
  check(
    'frontend/vif',
    'NETIF-TX-17',
    async (stand) => {
      await stand.connect({mtu: 65521});
      if ((await stand.ask((nic) => nic.mtu())) !== 65521) stand.inconclusive('the driver takes no MTU of 65521');
      const tooLong = await stand.sends(frameFromGuest(65536));
      stand.must(tooLong.length === 0, `${tooLong.length} requests`, 'none for a frame of 65536 bytes');
      const requests = await sendLong(stand, 65535);
      stand.must(requests[0].size === 65535, `size ${requests[0].size}`, '65535');
    },
    {seeds: 1, mutants: [miswritesTxSize('keeps sizes in 15 bits', (size) => size & 0x7fff)]},
  ),
  check(
    'frontend/vif',
    'NETIF-TX-18',
    async (stand) => {
      const peer = await stand.connect();
      for (const status of [
        NET_RSP.error,
        NET_RSP.dropped,
        NET_RSP.okay,
        NET_RSP.dropped,
        NET_RSP.error,
        NET_RSP.okay,
      ]) {
        const requests = await stand.sends(...frames(64));
        stand.must(requests.length === 64, `${requests.length} requests`, '64: any status completes a request');
        for (const {id} of requests) peer.respondTx(id, status);
        peer.pushTx();
        await stand.settle();
      }
    },
    {
      seeds: 1,
      mutants: [
        misreadsNet('tx', 'waits on for what was dropped', TX_WORD.response, (word) =>
          statusOf(word) < 0 ? (word & 0xffff) | (NET_RSP.null << 16) : word,
        ),
      ],
    },
  ),
  check(
    'frontend/vif',
    'NETIF-TX-21',
    async (stand) => {
      await stand.connect(JUMBO);
      const [first] = parts(await sendLong(stand, 5000));
      stand.must(first >= 14, `${first} bytes in the first slot`, 'the Ethernet header at least');
    },
    {mutants: [miswritesTxSize('begins with less than a header', (size) => (size < 5000 ? 4990 : size))]},
  ),
  ...(
    [
      ['NETIF-EXT-08', 'GSO', 'the backend takes none'],
      ['NETIF-EXT-12', 'a hash', 'there is no hash configured'],
    ] as const
  ).map(([clause, what, why]) =>
    check(
      'frontend/vif',
      clause,
      async (stand) => {
        await stand.connect(JUMBO);
        for (const size of [60, 1514, LONG_BYTES]) {
          const requests = await stand.sends(frameFromGuest(size));
          const extra = requests.find(({flags}) => (flags & TXF.extra) !== 0);
          stand.must(extra === undefined, `${what} goes with request ${extra?.id}`, `no extra info: ${why}`);
        }
      },
      {mutants: [miswritesTxFlags('announces extra info', (flags) => flags | TXF.extra)]},
    ),
  ),
];
