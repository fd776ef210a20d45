import {check, type Check} from '../../check.ts';
import {keepsGrants} from '../../mutants/leaks.ts';
import {
  grantsReadonly,
  misreadsNet,
  misreadsRxFlags,
  misreadsRxStatus,
  runsOutOfGrants,
  RX_WORD,
} from '../../mutants/netif.ts';
import {frameToGuest, sameBytes} from '../../peers/frames.ts';
import {EXTRA, RXF} from '../../peers/net-slots.ts';
import type {VifFrontendStand} from '../../stand/vif-frontend.ts';
import {mustDisable} from './frontend-tx.ts';

const MIN_POSTED = 18;
const RING_SLOTS = 256;
/** Pages that a driver grants before it posts a receive page for the second time: two rings, and one each slot. */
const FIRST_GRANTS = 2 + RING_SLOTS;

/** Too short for an Ethernet header: the frame is dropped, or handed on as it is. */
const mustSurvive = async (stand: VifFrontendStand, frame: Uint8Array): Promise<void> => {
  const frames = await stand.receives();
  stand.must(stand.guestLives, 'the guest has crashed', 'it goes on');
  stand.must(
    frames.every((each) => sameBytes(each, frame)),
    'a frame with other bytes',
    'the whole frame, or none',
  );
  stand.must(await stand.works(), 'a frame does not pass', 'the device goes on');
};

/** What was filled is thrown away, and the device goes on. */
const mustDrop = async (stand: VifFrontendStand, why: string): Promise<void> => {
  const frames = await stand.receives();
  stand.must(stand.guestLives, 'the guest has crashed', 'a packet is dropped');
  stand.must(frames.length === 0, `the guest gets ${frames.length} frames`, `none: ${why}`);
  stand.must(await stand.works(), 'a frame does not pass', 'the device goes on with the next packet');
};

const mustReceive = async (stand: VifFrontendStand, ...due: readonly Uint8Array[]): Promise<void> => {
  const frames = await stand.receives();
  stand.must(frames.length === due.length, `the guest gets ${frames.length} frames`, String(due.length));
  due.forEach((frame, i) => stand.must(sameBytes(frames[i], frame), `frame ${i} has other bytes`, 'its own'));
};

/** Fills the slots of one packet. */
const fillPacket = ({peer}: VifFrontendStand, frame: Uint8Array, sizes: readonly number[]): void => {
  let at = 0;
  sizes.forEach((size, i) =>
    peer.fillRx(frame.subarray(at, (at += size)), {flags: i < sizes.length - 1 ? RXF.more : 0}),
  );
};

const times = (count: number, size: number): number[] => Array.from({length: count}, () => size);

export const frontendRxChecks: readonly Check[] = [
  check(
    'frontend/vif',
    'NETIF-RX-01',
    async (stand) => {
      const peer = await stand.connect();
      const frames = [14, 60, 1514].map((size) => frameToGuest(size, size));
      for (const frame of frames) peer.fillRx(frame);
      await mustReceive(stand, ...frames);
      const long = frameToGuest(5000);
      fillPacket(stand, long, [4096, 904]);
      await mustReceive(stand, long);
    },
    {
      mutants: [
        misreadsRxStatus('takes a byte less', (status) => status - 1),
        misreadsRxFlags('does not look at more_data', (flags) => flags & ~RXF.more),
      ],
    },
  ),
  check(
    'frontend/vif',
    'NETIF-RX-09',
    async (stand) => {
      const peer = await stand.connect();
      const frame = frameToGuest(60);
      const cases = [
        {status: -1},
        {status: -2},
        {status: -32768},
        {offset: 4095, status: 60},
        {offset: 0xffff, status: 60},
        {status: 4097},
        {offset: 4096, status: 32767},
      ];
      for (const change of cases) {
        peer.fillRx(frame, change);
        await mustDrop(stand, JSON.stringify(change));
      }
    },
    {
      mutants: [
        misreadsRxStatus('takes an error for a frame', (status) => (status < 0 ? 60 : status)),
        misreadsNet('rx', 'takes offset for 0', RX_WORD.responseIdOffset, (word) => word & 0xffff),
        misreadsRxStatus('takes a page at most', (status) => Math.min(status, 4096)),
      ],
    },
  ),
  check(
    'frontend/vif',
    'NETIF-RX-10',
    async (stand) => {
      await stand.connect();
      const slots = [20, 25, 40, 200][stand.choose(4)];
      fillPacket(stand, frameToGuest(slots * 20), times(slots, 20));
      await mustDrop(stand, `${slots} slots`);
    },
    {orders: 4, mutants: [misreadsRxFlags('does not look at more_data', (flags) => flags & ~RXF.more)]},
  ),
  check(
    'frontend/vif',
    'NETIF-RX-10',
    async (stand) => {
      await stand.connect();
      const frame = frameToGuest(18 * 60);
      fillPacket(stand, frame, times(18, 60));
      await mustReceive(stand, frame);
    },
    {variant: '18', mutants: [misreadsRxFlags('does not look at more_data', (flags) => flags & ~RXF.more)]},
  ),
  check(
    'frontend/vif',
    'NETIF-RX-11',
    async (stand) => {
      const peer = await stand.connect();
      const frame = frameToGuest(100);
      for (let i = 0; i < 3; i++) peer.fillRx(frame, {flags: RXF.more});
      await mustDrop(stand, 'the packet has no end');
    },
    {mutants: [misreadsRxFlags('does not look at more_data', (flags) => flags & ~RXF.more)]},
  ),
  check(
    'frontend/vif',
    'NETIF-RX-12',
    async (stand) => {
      const peer = await stand.connect();
      for (const size of [0, 1, 6, 13]) {
        const frame = frameToGuest(size);
        peer.fillRx(frame);
        await mustSurvive(stand, frame);
      }
      for (const [first, rest] of [
        [0, 7],
        [1, 7],
        [6, 7],
        [5, 95],
      ]) {
        const frame = frameToGuest(first + rest);
        fillPacket(stand, frame, [first, rest]);
        await mustSurvive(stand, frame);
      }
    },
    {mutants: [misreadsRxStatus('takes any frame for one of 60 bytes at least', (status) => Math.max(status, 60))]},
  ),
  check(
    'frontend/vif',
    'NETIF-RX-13',
    async (stand) => {
      const peer = await stand.connect();
      for (let i = 0; i < 8; i++) {
        stand.must(peer.posted >= MIN_POSTED, `${peer.posted} pages are posted`, `at least ${MIN_POSTED}`);
        for (let n = 0; n < 32; n++) peer.fillRx(frameToGuest(60));
        await stand.receives();
      }
      stand.must(peer.posted >= MIN_POSTED, `${peer.posted} pages are posted`, `at least ${MIN_POSTED}`);
    },
    {seeds: 1, mutants: [runsOutOfGrants(FIRST_GRANTS)]},
  ),
  check(
    'frontend/vif',
    'NETIF-RX-14',
    async (stand) => {
      const peer = await stand.connect();
      const {gref} = peer.rxRequest(peer.rxProd);
      const handle = peer.map(gref);
      stand.must(handle >= 0, `mapping a receive page for writing: ${handle}`, 'pages that may be written');
      peer.respondRx({id: peer.rxRequest(peer.rxProd).id, offset: 0, flags: 0, status: 60});
      const frames = await stand.receives();
      stand.must(frames.length === 0, 'the guest gets what the backend can still change', 'the grant ends first');
      await mustDisable(stand, 'a page that is answered is still mapped');
      peer.unmap(handle);
    },
    {mutants: [keepsGrants, grantsReadonly]},
  ),
  check(
    'frontend/vif',
    'NETIF-RX-17',
    async (stand) => {
      const peer = await stand.connect();
      const offsets = [0, 1, 2, 63, 64, 256, 4096 - 60];
      const frames = offsets.map((offset) => frameToGuest(60, offset));
      offsets.forEach((offset, i) => peer.fillRx(frames[i], {offset}));
      await mustReceive(stand, ...frames);
    },
    {mutants: [misreadsNet('rx', 'takes offset for 0', RX_WORD.responseIdOffset, (word) => word & 0xffff)]},
  ),
  check(
    'frontend/vif',
    'NETIF-EXT-04',
    async (stand) => {
      const peer = await stand.connect();
      const frame = frameToGuest(60);
      for (const type of [0, 6, 200, 255]) {
        peer.fillRx(frame, {flags: RXF.extra});
        peer.extraRx({type});
        await mustDrop(stand, `extra info of type ${type}`);
      }
    },
    {mutants: [misreadsRxFlags('does not look at extra_info', (flags) => flags & ~RXF.extra)]},
  ),
  check(
    'frontend/vif',
    'NETIF-EXT-05',
    async (stand) => {
      const peer = await stand.connect();
      peer.fillRx(frameToGuest(60), {flags: RXF.extra});
      for (let i = 0; i < 3; i++) peer.extraRx({type: EXTRA.gso, flags: EXTRA.more, size: 1400, gsoType: EXTRA.tcp4});
      await mustDrop(stand, 'the chain of extra infos has no end');
    },
    {mutants: [misreadsRxFlags('does not look at extra_info', (flags) => flags & ~RXF.extra)]},
  ),
];
