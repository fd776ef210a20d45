import {check, type Check} from '../check.ts';
import {mustDisable, mustShowPayloadOnly} from '../checks/netif/frontend-tx.ts';
import {mustKeepMapping, wrapsMapping} from '../checks/netif/hashing.ts';
import {cut, mustSend} from '../checks/netif/tx.ts';
import {mustNoticeStall, noticesNoStall} from '../checks/netif/waiting.ts';
import {deafAfterEvents} from '../mutants/attacks.ts';
import {keepsGrants, keepsMappings} from '../mutants/leaks.ts';
import {
  answersTx,
  copiesInstead,
  ignoresCopyStatus,
  misreadsRxStatus,
  misreadsTxFlags,
  misreadsTxSize,
} from '../mutants/netif.ts';
import {fetchesTwice} from '../mutants/ring-order.ts';
import {readsInstead} from '../mutants/store.ts';
import {frameFromGuest, frameToGuest, sameBytes} from '../peers/frames.ts';
import {inetFrame} from '../peers/inet-frames.ts';
import {EXTRA, NET_RSP, RXF, TXF} from '../peers/net-slots.ts';
import type {VifBackendStand} from '../stand/vif-backend.ts';

const NO_GRANT = 500;
const HEADER_BYTES = 64;
const TX_SLOTS = 256;
const MAX_SLOTS = 18;
const FLOOD = 200;
const BACKLOG_FRAMES = 2000;
/** Frames that the wire sends at a time, receive requests that the guest makes at a time. */
const BATCH = 20;
const ROOM = 128;

const okays = (count: number): number[] => Array.from({length: count}, () => NET_RSP.okay);
const openChain = misreadsTxFlags('does not look at more_data', (flags) => flags & ~TXF.more);

/** What a guest may publish so that no backend can go on. */
const deadly: readonly ((stand: VifBackendStand) => void)[] = [
  ({peer}) => void peer.pushTx(peer.txProd + TX_SLOTS + 1),
  ({peer}) => void peer.pushTx(peer.txProd + 2 ** 31),
  ({peer}) => {
    for (let i = 0; i < TX_SLOTS; i++) peer.putTx({gref: NO_GRANT, size: 100, flags: TXF.more});
    peer.pushTx();
  },
  ({peer}) => {
    peer.putTx({gref: NO_GRANT, size: 100, flags: TXF.extra});
    for (let i = 1; i < TX_SLOTS; i++)
      peer.putExtra({type: EXTRA.gso, flags: EXTRA.more, size: 1000, gsoType: EXTRA.tcp4});
    peer.pushTx();
  },
];

export const netAttacks: readonly Check[] = [
  check(
    'backend/vif',
    'XSA-39',
    async (stand) => {
      await stand.connect();
      deadly[stand.choose(deadly.length)](stand);
      await stand.mustDisable('a ring that makes no sense');
    },
    {orders: deadly.length, mutants: [openChain, keepsMappings]},
  ),
  check(
    'backend/vif',
    'XSA-374',
    async (stand) => {
      const peer = await stand.connect();
      peer.putTx({gref: NO_GRANT, size: 100, flags: TXF.more});
      peer.pushTx();
      await stand.mustDisable('a packet without an end');
      await stand.setState(5);
      await stand.setState(6);
      await stand.arrives(6);
      await stand.setState(1);
      await stand.arrives(2);
      stand.newPeer();
      await stand.plug();
      await stand.meet();
      stand.must(await stand.serves(), 'a frame does not pass', 'a frontend that comes again is served');
    },
    {mutants: [openChain, keepsMappings]},
  ),
  check(
    'backend/vif',
    'XSA-155',
    async (stand) => {
      const peer = await stand.connect();
      const frame = frameFromGuest(100);
      const at = HEADER_BYTES + 4 * stand.choose(3);
      const words = new Map([
        [HEADER_BYTES, NO_GRANT],
        [HEADER_BYTES + 4, (TXF.more << 16) | 4000],
        [HEADER_BYTES + 8, 0xffff_0000],
      ]);
      stand.spy.after = ({kind, ring, offset}) => {
        if (kind === 'read' && ring === 'tx-ring-ref' && offset === at)
          peer.tx.view.setUint32(offset, words.get(at) ?? 0, true);
      };
      peer.putFrame(frame);
      await mustSend(stand, [NET_RSP.okay], frame);
    },
    {orders: 3, mutants: [fetchesTwice]},
  ),
  check(
    'backend/vif',
    'XSA-332',
    async (stand) => {
      const peer = await stand.connect();
      for (let i = 0; i < FLOOD; i++) {
        peer.notifyTx();
        peer.notifyRx();
        if (i % 50 === 0) await stand.settle(1e6);
      }
      stand.must(await stand.serves(), 'a frame does not pass', 'events without requests change nothing');
    },
    {seeds: 1, mutants: [deafAfterEvents(4)]},
  ),
  check(
    'backend/vif',
    'XSA-367',
    async (stand) => {
      await stand.connect();
      for (let bad = 0; bad < 4; bad++) {
        const parts = cut(frameFromGuest(400), 100, 100, 100, 100);
        stand.putPacket(parts.map((part, i) => (i === bad ? {...part, gref: NO_GRANT} : part)));
        await mustSend(
          stand,
          [1, 2, 3, 4].map(() => NET_RSP.error),
        );
      }
      stand.must(await stand.serves(), 'a frame does not pass', 'the vif goes on');
    },
    {mutants: [ignoresCopyStatus, answersTx('answers that all went well', () => NET_RSP.okay)]},
  ),
  check(
    'backend/vif',
    'XSA-424',
    async (stand) => {
      const peer = await stand.connect();
      for (let i = 0; i < BACKLOG_FRAMES; i += BATCH)
        stand.wire.send(...Array.from({length: BATCH}, (_, n) => frameToGuest(1514, n)));
      const {gref} = peer.page();
      let got = 0;
      for (let i = 0; i < BACKLOG_FRAMES; i += ROOM) {
        while (peer.rxProd - peer.rxCons < ROOM) peer.putRx({gref});
        peer.pushRx();
        await stand.settle();
        got += peer.takeRx().length;
      }
      stand.must(got < BACKLOG_FRAMES, `all ${got} frames were kept`, 'a bounded number waits, others are dropped');
      const sent = frameFromGuest(60);
      peer.putFrame(sent);
      await mustSend(stand, [NET_RSP.okay], sent);
      const [taken] = await stand.deliver(frameToGuest(60));
      stand.must(taken?.status === 60, 'a frame does not pass', 'the vif goes on');
    },
    {seeds: 1, mutants: [deafAfterEvents(1)]},
  ),
  check(
    'backend/vif',
    'XSA-423',
    async (stand) => {
      await stand.connect();
      const {bytes} = inetFrame({payloadBytes: 200});
      for (let at = 1; at < 128; at += 9) {
        stand.putPacket(cut(bytes, at, bytes.length - at));
        await mustSend(stand, okays(2), bytes);
      }
    },
    {
      seeds: 1,
      mutants: [copiesInstead('wants whole headers in a slot', ({length}) => ({length: length < 14 ? 0 : length}))],
    },
  ),
  check(
    'backend/vif',
    'XSA-432',
    async (stand) => {
      await stand.connect();
      for (let slots = 1; slots <= MAX_SLOTS; slots += slots < 16 ? 5 : 1) {
        const size = [19, 60, 127, 200][stand.choose(4)];
        const frame = frameFromGuest(size);
        stand.putPacket(cut(frame, ...Array.from({length: slots - 1}, () => 1), size - slots + 1));
        await mustSend(stand, okays(slots), frame);
      }
    },
    {mutants: [misreadsTxSize('takes a byte for none', (size) => (size === 1 ? 0 : size))]},
  ),
  check(
    'backend/vif',
    'XSA-448',
    async (stand) => {
      await stand.connect();
      const frame = frameFromGuest(100);
      const empty = {bytes: new Uint8Array(0), gref: NO_GRANT};
      for (const count of [1, 5, MAX_SLOTS - 1]) {
        stand.putPacket([{bytes: frame}, ...Array.from({length: count}, () => empty)]);
        await mustSend(stand, okays(count + 1), frame);
      }
    },
    {mutants: [misreadsTxSize('takes an empty slot for one of a byte', (size) => size || 1)]},
  ),
  check('backend/vif', 'XSA-270', mustKeepMapping, {seeds: 1, mutants: [wrapsMapping]}),
  check('backend/vif', 'XSA-392', mustNoticeStall, {seeds: 1, mutants: [noticesNoStall]}),
  check(
    'frontend/vif',
    'XSA-391',
    async (stand) => {
      const peer = await stand.connect();
      for (let i = 0; i < FLOOD; i++) {
        peer.notifyTx();
        peer.notifyRx();
        if (i % 50 === 0) await stand.settle(1e6);
      }
      stand.must(await stand.works(), 'a frame does not pass', 'events without responses change nothing');
    },
    {seeds: 1, mutants: [deafAfterEvents(3)]},
  ),
  check(
    'frontend/vif',
    'XSA-396',
    async (stand) => {
      const peer = await stand.connect();
      const {id, gref} = peer.rxRequest(peer.rxProd);
      const handle = peer.map(gref);
      peer.respondRx({id, offset: 0, flags: 0, status: 60});
      await stand.receives();
      await mustDisable(stand, 'a page that is answered is still mapped');
      await stand.setState(5);
      await stand.setState(6);
      await stand.settle(5e9);
      stand.must(peer.bytesOf(gref) !== undefined, 'the grant has been taken back', 'not while the page is mapped');
      peer.unmap(handle);
    },
    {mutants: [keepsGrants]},
  ),
  check('frontend/vif', 'XSA-403', mustShowPayloadOnly, {
    mutants: [readsInstead('does not look at trusted', 'trusted', () => '1')],
  }),
  check(
    'frontend/vif',
    'XSA-405',
    async (stand) => {
      const peer = await stand.connect();
      for (let bad = 0; bad < 4; bad++) {
        for (let i = 0; i < 4; i++)
          peer.fillRx(frameToGuest(60, i), {flags: i < 3 ? RXF.more : 0, ...(i === bad && {status: -1})});
        const frames = await stand.receives();
        stand.must(frames.length === 0, `the guest gets ${frames.length} frames`, 'a packet with an error is dropped');
        stand.must(await stand.works(), 'a frame does not pass', 'each page is posted again, once');
      }
      const refs = new Set(Array.from({length: peer.posted}, (_, i) => peer.rxRequest(peer.rxProd + i).gref));
      stand.must(refs.size === peer.posted, () => `${peer.posted} requests name ${refs.size} pages`, 'each page once');
    },
    {mutants: [misreadsRxStatus('takes an error for a part', (status) => (status < 0 ? 60 : status))]},
  ),
  check(
    'frontend/vif',
    'XSA-522',
    async (stand) => {
      const peer = await stand.connect();
      for (const first of [0, 1, 13, 14, 20]) {
        for (const slots of [1, 2, 5]) {
          const frame = frameToGuest(first + 20 * (slots - 1));
          for (let i = 0; i < slots; i++) {
            const part = i === 0 ? frame.subarray(0, first) : frame.subarray(first + 20 * (i - 1), first + 20 * i);
            peer.fillRx(part, {flags: i < slots - 1 ? RXF.more : 0});
          }
          const frames = await stand.receives();
          stand.must(
            frames.every((each) => sameBytes(each, frame)),
            'other bytes',
            'the frame as it is, or none',
          );
          stand.must(stand.guestLives, 'the guest has crashed', 'it goes on');
        }
      }
      stand.must(await stand.works(), 'a frame does not pass', 'the device goes on');
    },
    {
      seeds: 1,
      mutants: [misreadsRxStatus('takes any part for one of 14 bytes at least', (status) => Math.max(status, 14))],
    },
  ),
];
