import {check, type Check} from '../../check.ts';
import {answersTxId, misreadsNet, miswritesTxFlags, miswritesNet, TX_WORD} from '../../mutants/netif.ts';
import {deafAfterEvents} from '../../mutants/attacks.ts';
import {servesOverrun} from '../../mutants/queues.ts';
import {readsInstead} from '../../mutants/store.ts';
import {frameFromGuest} from '../../peers/frames.ts';
import {inetFrame} from '../../peers/inet-frames.ts';
import {CTRL} from '../../peers/net-control.ts';
import {EXTRA, extraAt, NET_RSP, TXF} from '../../peers/net-slots.ts';
import type {VifFrontendStand} from '../../stand/vif-frontend.ts';
import {connectControl, controlOf} from './control-ring.ts';
import {cut, mustSend} from './tx.ts';

const CONTROL_SLOTS = 128;
const MSS = 1000;
const PAYLOAD_BYTES = 3000;
/** Indexes that a guest may write where it is asked to tell when it wants to hear of something. */
const eventIndexes = [0, 2 ** 31, 2 ** 32 - 1, 12345];

/** Backends that take no TCP over IPv4 that is to be cut. */
const withoutGso: readonly Readonly<Record<string, string>>[] = [
  {},
  {'feature-gso-tcpv6': '1'},
  {'feature-gso-tcpv4': '1', 'feature-sg': ''},
];

/** Has the guest send a TCP packet that is to be cut; inconclusive when its programs cannot. */
const sendUncut = async (stand: VifFrontendStand): Promise<Uint8Array> => {
  const {bytes} = inetFrame({payloadBytes: PAYLOAD_BYTES});
  const {nic} = stand;
  if (nic.sendUncut === undefined) return stand.inconclusive('programs cannot ask for it');
  await nic.sendUncut(bytes, MSS);
  await stand.settle();
  return bytes;
};

export const hostileChecks: readonly Check[] = [
  check(
    'backend/vif',
    'NETIF-TX-12',
    async (stand) => {
      const peer = await stand.connect();
      const frames = [0, 1, 2].map((seed) => frameFromGuest(60, seed));
      for (const frame of frames) peer.putFrame(frame, 7);
      stand.wire.take();
      const ids = (await stand.exchange()).map(({id}) => id);
      stand.must(ids.join() === '7,7,7', `answers to ${ids.join()}`, 'one to each request, whatever its id');
      stand.must(stand.wire.take().length === frames.length, 'a frame is missing', 'each is carried');
    },
    {variant: 'one id', mutants: [answersTxId('answers with a number of its own', (id) => id + 1)]},
  ),
  check(
    'backend/vif',
    'NETIF-TX-12',
    async (stand) => {
      const peer = await stand.connect();
      for (const index of eventIndexes) {
        peer.tx.rspEvent = index;
        peer.tx.reqEvent = index;
        peer.putFrame(frameFromGuest(60), 1);
        peer.tx.reqProd = peer.txProd;
        peer.notifyTx();
        await stand.settle();
        const answers = peer.takeTx();
        stand.must(answers.length === 1, `${answers.length} answers with event indexes of ${index}`, 'one');
      }
      stand.must(await stand.serves(), 'a frame does not pass', 'the vif goes on');
    },
    {variant: 'event indexes', mutants: [deafAfterEvents(2)]},
  ),
  check(
    'backend/vif',
    'NETIF-EXT-06',
    async (stand) => {
      await stand.connect();
      if ((await stand.back('feature-gso-tcpv4')) !== '1') stand.inconclusive('the backend has no feature-gso-tcpv4');
      const {bytes} = inetFrame({isBlank: true, payloadBytes: PAYLOAD_BYTES});
      for (const size of [PAYLOAD_BYTES, PAYLOAD_BYTES + 1, 0xffff]) {
        const gso = {type: EXTRA.gso, size, gsoType: EXTRA.tcp4};
        stand.putPacket(cut(bytes, 1000, bytes.length - 1000), {extras: [gso], flags: TXF.blank | TXF.validated});
        await mustSend(stand, [NET_RSP.okay, NET_RSP.null, NET_RSP.okay], bytes);
      }
      stand.must(await stand.serves(), 'a frame does not pass', 'the vif goes on');
    },
    {
      variant: 'beyond the packet',
      mutants: [
        misreadsNet('tx', 'takes a size above 32767 for none', TX_WORD.gref, (word) =>
          (word & 0xffff) === EXTRA.gso && word >>> 31 === 1 ? EXTRA.gso : word,
        ),
      ],
    },
  ),
  check(
    'backend/vif',
    'NETIF-CTRL-01',
    async (stand) => {
      await connectControl(stand);
      const control = controlOf(stand);
      control.put({id: 1, type: CTRL.getMappingSize, data: []});
      control.push([control.prod + CONTROL_SLOTS, 2 ** 31][stand.choose(2)]);
      await stand.mustDisable('a control ring that makes no sense');
    },
    {variant: 'overrun', orders: 2, mutants: [servesOverrun(CONTROL_SLOTS)]},
  ),
  check(
    'frontend/vif',
    'NETIF-EXT-06',
    async (stand) => {
      const peer = await stand.connect({offers: {'feature-gso-tcpv4': '1'}});
      const sent = await sendUncut(stand);
      const [first, slot, ...others] = peer.takeTx();
      stand.must(first !== undefined, 'no request', 'the packet goes whole: the backend takes it');
      const due = TXF.extra | TXF.blank;
      stand.must((first.flags & due) === due, `flags ${first.flags}`, 'extra_info and csum_blank');
      const {type, flags, size, gsoType, features} = extraAt(peer.tx.readSlot(slot.index));
      const seen = [type, flags, size, gsoType, features].join();
      stand.must(seen === `${EXTRA.gso},0,${MSS},${EXTRA.tcp4},0`, `extra info ${seen}`, 'GSO of TCPv4, and its size');
      const bytes = stand.bytesOf([first, ...others]);
      stand.must(bytes?.length === sent.length, `${bytes?.length} bytes`, `${sent.length}: all of the packet`);
    },
    {
      mutants: [
        miswritesTxFlags('does not leave the checksum blank', (flags) => flags & ~TXF.blank),
        miswritesNet('tx', 'names no size', TX_WORD.gref, (word) =>
          word === (EXTRA.gso | (MSS << 16)) ? EXTRA.gso : word,
        ),
      ],
    },
  ),
  check(
    'frontend/vif',
    'NETIF-EXT-08',
    async (stand) => {
      const peer = await stand.connect({offers: withoutGso[stand.choose(withoutGso.length)]});
      await sendUncut(stand);
      const extra = peer.takeTx().find(({flags}) => (flags & TXF.extra) !== 0);
      stand.must(extra === undefined, 'GSO comes', 'none: the backend does not take it');
    },
    {
      variant: 'asked for',
      orders: 3,
      mutants: [readsInstead('takes any backend for one with GSO', /feature-(gso-tcpv4|sg)$/, () => '1')],
    },
  ),
];
