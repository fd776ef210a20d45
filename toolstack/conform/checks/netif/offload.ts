import {check, type Check} from '../../check.ts';
import {
  answersRxFlags,
  answersTx,
  countsOnMore,
  miswritesNet,
  misreadsNet,
  misreadsTxFlags,
  RX_WORD,
  TX_WORD,
} from '../../mutants/netif.ts';
import {readsInstead} from '../../mutants/store.ts';
import {frameFromGuest, frameToGuest, sameBytes} from '../../peers/frames.ts';
import {checksumIn, inetFrame} from '../../peers/inet-frames.ts';
import type {TakenRxResponse} from '../../peers/net-frontend.ts';
import {EXTRA, type ExtraInfo, extraAt, NET_RSP, RXF, TXF} from '../../peers/net-slots.ts';
import type {VifBackendStand} from '../../stand/vif-backend.ts';
import {cut, mustSend} from './tx.ts';
import {packetOf} from './rx.ts';

/** What the station on the bridge leaves to others. @see backends/network/offload.ts */
const BLANK = 1 << 16;
const SEGMENT_BYTES = 1000;
const SEGMENTS = 3;
const EXTRA_SLOTS_MAX = 8;

const gso: ExtraInfo = {type: EXTRA.gso, size: SEGMENT_BYTES, gsoType: EXTRA.tcp4};
const noGso = readsInstead('takes any frontend for one with GSO', 'feature-gso-tcpv4', () => '1');
const takesExtrasForData = misreadsTxFlags('does not look at extra_info', (flags) => flags & ~TXF.extra);

/** A frontend of these nodes, with room for a lot of frames. */
const connectWith = async (stand: VifBackendStand, front: Readonly<Record<string, string>>): Promise<void> => {
  const peer = await stand.connect({front});
  peer.post(32);
  peer.pushRx();
};

/** Connected to a frontend that takes GSO. */
const connectGso = async (stand: VifBackendStand): Promise<void> => {
  await connectWith(stand, {'feature-gso-tcpv4': '1'});
  await mustHaveGso(stand);
};

const mustHaveGso = async (stand: VifBackendStand): Promise<void> => {
  if ((await stand.back('feature-gso-tcpv4')) !== '1') stand.inconclusive('the backend has no feature-gso-tcpv4');
};

/** A TCP packet of three segments from the wire. */
const sendLarge = async (stand: VifBackendStand): Promise<TakenRxResponse[]> => {
  const {bytes} = inetFrame({toGuest: true, isBlank: true, payloadBytes: SEGMENTS * SEGMENT_BYTES});
  stand.wire.send({bytes, offload: BLANK | SEGMENT_BYTES});
  await stand.settle();
  return stand.peer.takeRx();
};

/** Puts a GSO packet of the guest's, all but its publication. */
const putLarge = (
  stand: VifBackendStand,
  extras: readonly ExtraInfo[],
  {flags = TXF.blank | TXF.validated, isBlank = true} = {},
): Uint8Array => {
  const {bytes} = inetFrame({isBlank, payloadBytes: SEGMENTS * SEGMENT_BYTES});
  stand.putPacket(cut(bytes, 1000, bytes.length - 1000), {extras, flags});
  return bytes;
};

/** Its slots are answered by an error, or the vif is disabled; nothing is sent. */
const mustRefuse = async (stand: VifBackendStand, why: string): Promise<void> => {
  stand.wire.take();
  const responses = await stand.exchange();
  stand.must(stand.wire.take().length === 0, 'a frame is on the wire', `none: ${why}`);
  const isDown = await stand.reaches(5, 6);
  const statuses = responses.map(({status}) => status);
  stand.must(isDown || statuses.includes(NET_RSP.error), `statuses ${statuses.join()}`, `${why}: an error`);
  if (!isDown) stand.must(await stand.serves(), 'a frame does not pass', 'the vif goes on');
};

export const offloadChecks: readonly Check[] = [
  check(
    'backend/vif',
    'NETIF-NEG-03',
    async (stand) => {
      const takes = stand.choose(2) === 1;
      await connectWith(stand, takes ? {'feature-gso-tcpv4': '1'} : {});
      const taken = await sendLarge(stand);
      if (takes)
        stand.must(
          taken.length === 2 && (taken[0].flags & RXF.extra) !== 0,
          `${taken.length} slots`,
          'one packet with its extra info',
        );
      else
        stand.must(
          taken.length === SEGMENTS,
          `${taken.length} slots`,
          `${SEGMENTS} segments: the frontend takes no GSO`,
        );
      await mustHaveGso(stand);
      const bytes = putLarge(stand, [gso]);
      await mustSend(stand, [NET_RSP.okay, NET_RSP.null, NET_RSP.okay], bytes);
    },
    {orders: 2, mutants: [noGso, readsInstead('takes no frontend for one with GSO', 'feature-gso-tcpv4', () => '0')]},
  ),
  check(
    'backend/vif',
    'NETIF-NEG-04',
    async (stand) => {
      const takes = stand.choose(2) === 1;
      await connectWith(stand, takes ? {} : {'feature-no-csum-offload': '1'});
      for (const transport of ['tcp', 'udp'] as const) {
        const {bytes, checksumAt, full, pseudo} = inetFrame({transport, toGuest: true, isBlank: true});
        stand.wire.send({bytes, offload: BLANK});
        await stand.settle();
        const [taken] = stand.peer.takeRx();
        const isBlank = (taken.flags & RXF.blank) !== 0;
        stand.must(takes || !isBlank, 'csum_blank', 'a checksum: the frontend has feature-no-csum-offload');
        const checksum = checksumIn(packetOf([taken]), checksumAt);
        const due = isBlank ? pseudo : full;
        stand.must(checksum === due, `checksum ${checksum}, flags ${taken.flags}`, `checksum ${due}`);
      }
    },
    {
      orders: 2,
      mutants: [readsInstead('does not look at feature-no-csum-offload', 'feature-no-csum-offload', () => undefined)],
    },
  ),
  check(
    'backend/vif',
    'NETIF-CSUM-01',
    async (stand) => {
      await connectWith(stand, {});
      const {peer, wire} = stand;
      const blank = inetFrame({isBlank: true}).bytes;
      for (const flags of [TXF.blank | TXF.validated, TXF.blank, TXF.validated, 0]) {
        peer.putTx({gref: peer.pageOf(blank).gref, size: blank.length, flags});
        await stand.exchange();
        const isBlank = ((wire.take().at(-1)?.offload ?? 0) & BLANK) !== 0;
        stand.must(
          isBlank === ((flags & TXF.blank) !== 0),
          `flags ${flags}: blank is ${isBlank}`,
          'csum_blank is bit 0',
        );
      }
      wire.send({bytes: inetFrame({toGuest: true, isBlank: true}).bytes, offload: BLANK}, frameToGuest(60));
      await stand.settle();
      const flags = peer.takeRx().map((each) => each.flags);
      const due = RXF.blank | RXF.validated;
      stand.must(flags[0] === due && (flags[1] & RXF.blank) === 0, `flags ${flags.join()}`, `${due}, and no blank`);
    },
    {
      mutants: [
        misreadsTxFlags('takes bit 1 for csum_blank', (flags) => flags >> 1),
        answersRxFlags('sets csum_blank in bit 0', (flags) => (flags & RXF.blank) >> 1),
      ],
    },
  ),
  check(
    'backend/vif',
    'NETIF-CSUM-02',
    async (stand) => {
      await connectWith(stand, {});
      const {peer, wire} = stand;
      const {bytes, checksumAt, pseudo} = inetFrame({toGuest: true, isBlank: true});
      wire.send({bytes, offload: BLANK});
      await stand.settle();
      const [taken] = peer.takeRx();
      if ((taken.flags & RXF.blank) === 0) stand.inconclusive('the backend sends no blank checksums');
      stand.must((taken.flags & RXF.validated) !== 0, `flags ${taken.flags}`, 'data_validated goes with csum_blank');
      const checksum = checksumIn(packetOf([taken]), checksumAt);
      stand.must(checksum === pseudo, `checksum ${checksum}`, `${pseudo}, of the pseudo header`);
    },
    {mutants: [answersRxFlags('does not say that data are validated', (flags) => flags & ~RXF.validated)]},
  ),
  check(
    'backend/vif',
    'NETIF-CSUM-03',
    async (stand) => {
      await connectWith(stand, {'feature-no-csum-offload': '1'});
      const {bytes, checksumAt, full} = inetFrame({toGuest: true, isBlank: true, payloadBytes: 777});
      stand.wire.send({bytes, offload: BLANK});
      await stand.settle();
      const [taken] = stand.peer.takeRx();
      const checksum = checksumIn(packetOf([taken]), checksumAt);
      stand.must(
        checksum === full && (taken.flags & RXF.blank) === 0,
        `checksum ${checksum}, flags ${taken.flags}`,
        `${full}, and not blank`,
      );
    },
    {mutants: [readsInstead('does not look at feature-no-csum-offload', 'feature-no-csum-offload', () => undefined)]},
  ),
  check(
    'backend/vif',
    'NETIF-CSUM-04',
    async (stand) => {
      await connectWith(stand, {});
      const whole = inetFrame({isBlank: true, payloadBytes: 8}).bytes;
      const changed = (at: number, value: number): Uint8Array => whole.with(at, value);
      const bad = [
        whole.subarray(0, 33),
        whole.subarray(0, 40),
        changed(14, 0x4f),
        changed(14, 0x41),
        changed(16, 0xff),
        changed(23, 1),
        changed(46, 0xf0),
        frameFromGuest(14),
        frameFromGuest(100),
      ];
      for (const bytes of bad) {
        stand.peer.putTx({gref: stand.peer.pageOf(bytes).gref, size: bytes.length, flags: TXF.blank | TXF.validated});
        stand.wire.take();
        const [response] = await stand.exchange();
        stand.must(response !== undefined, 'no answer', 'an answer');
        stand.must(stand.wire.take().length === 0, 'the frame is on the wire', 'its checksum cannot be completed');
      }
      stand.must(await stand.serves(), 'a frame does not pass', 'the vif goes on');
    },
    {mutants: [misreadsTxFlags('does not look at csum_blank', (flags) => flags & ~TXF.blank)]},
  ),
  check(
    'backend/vif',
    'NETIF-EXT-01',
    async (stand) => {
      await connectGso(stand);
      const [first, extra] = await sendLarge(stand);
      stand.must((first.flags & RXF.extra) !== 0, `flags ${first.flags}`, 'extra_info');
      const {type, flags, size, gsoType, features} = extraAt(extra.slot);
      const seen = [type, flags & EXTRA.more, size, gsoType, features].join();
      stand.must(
        seen === `${EXTRA.gso},0,${SEGMENT_BYTES},${EXTRA.tcp4},0`,
        `extra info ${seen}`,
        'type 1, no more, the size, TCPv4',
      );
    },
    {
      mutants: [
        miswritesNet('rx', 'says that more extra infos follow', RX_WORD.responseIdOffset, (word) => word | 0x100),
        miswritesNet('rx', 'writes another size', RX_WORD.responseIdOffset, (word) => word & 0xffff),
      ],
    },
  ),
  check(
    'backend/vif',
    'NETIF-EXT-02',
    async (stand) => {
      await connectGso(stand);
      const payloadBytes = 5 * SEGMENT_BYTES;
      const {bytes} = inetFrame({toGuest: true, isBlank: true, payloadBytes});
      stand.wire.send({bytes, offload: BLANK | SEGMENT_BYTES});
      await stand.settle();
      const [first, extra, ...later] = stand.peer.takeRx();
      stand.must((first.flags & RXF.extra) !== 0, `flags ${first.flags}`, 'extra_info in the first slot');
      stand.must(
        extraAt(extra.slot).type === EXTRA.gso,
        () => `type ${extraAt(extra.slot).type} in the second slot`,
        'the extra info',
      );
      stand.must(sameBytes(packetOf([first, ...later]), bytes), 'other bytes', "the frame's, in the other slots");
      const sent = putLarge(stand, [gso]);
      await mustSend(stand, [NET_RSP.okay, NET_RSP.null, NET_RSP.okay], sent);
    },
    {mutants: [takesExtrasForData, answersRxFlags('does not announce extra info', (flags) => flags & ~RXF.extra)]},
  ),
  check(
    'backend/vif',
    'NETIF-RX-03',
    async (stand) => {
      await connectGso(stand);
      const {peer} = stand;
      const [first] = await sendLarge(stand);
      stand.must(first.id === (first.index & 0xff), `id ${first.id}`, 'that of the request');
      const [next] = await stand.deliver(frameToGuest(60));
      stand.must(
        next.id === (next.index & 0xff),
        `id ${next.id} after the extra info`,
        'that of the request in its slot',
      );
      stand.must(peer.rxCons === next.index + 1, 'another slot', 'the slot after');
    },
    {
      variant: 'extra',
      mutants: [miswritesNet('rx', 'answers with id 0', RX_WORD.responseIdOffset, (word) => word & 0xffff0000)],
    },
  ),
  check(
    'backend/vif',
    'NETIF-RX-07',
    async (stand) => {
      const peer = await stand.connect({front: {'feature-gso-tcpv4': '1'}});
      peer.post(1);
      peer.pushRx();
      const early = await sendLarge(stand);
      if ((await stand.back('feature-gso-tcpv4')) !== '1') stand.inconclusive('the backend has no GSO');
      stand.must(
        early.length === 0,
        `${early.length} slots are answered`,
        'none: the packet needs one for its extra info',
      );
      peer.post(1);
      peer.pushRx();
      await stand.settle();
      stand.must(peer.takeRx().length === 2, 'the packet does not come', 'it comes once there is room');
    },
    {variant: 'extra', mutants: [countsOnMore]},
  ),
  check(
    'backend/vif',
    'NETIF-EXT-03',
    async (stand) => {
      await stand.connect();
      const type = [0, 6, 7, 255][stand.choose(4)];
      putLarge(stand, [{...gso, type}]);
      await mustRefuse(stand, `extra info of type ${type}`);
    },
    {
      orders: 4,
      mutants: [
        misreadsNet('tx', 'takes any extra info for GSO', TX_WORD.gref, (word) =>
          word >>> 16 === SEGMENT_BYTES ? (word & ~0xff) | 1 : word,
        ),
      ],
    },
  ),
  check(
    'backend/vif',
    'NETIF-EXT-05',
    async (stand) => {
      const peer = await stand.connect();
      const {bytes} = inetFrame({isBlank: true});
      peer.putTx({gref: peer.pageOf(bytes).gref, size: bytes.length, flags: TXF.extra | TXF.blank});
      peer.putExtra({...gso, flags: EXTRA.more});
      peer.pushTx();
      await stand.mustDisable('a chain of extra infos without an end');
    },
    {mutants: [takesExtrasForData]},
  ),
  check(
    'backend/vif',
    'NETIF-EXT-06',
    async (stand) => {
      await connectGso(stand);
      const bad = [{size: 0}, {gsoType: 3}, {gsoType: 0}, {gsoType: 255}][stand.choose(4)];
      putLarge(stand, [{...gso, ...bad}]);
      await mustRefuse(stand, JSON.stringify(bad));
    },
    {
      orders: 4,
      mutants: [
        misreadsNet('tx', 'takes size 0 for some', TX_WORD.gref, (word) =>
          word === EXTRA.gso ? word | (SEGMENT_BYTES << 16) : word,
        ),
        misreadsNet('tx', 'takes any type for TCPv4', TX_WORD.offsetFlags, (word) => (word === 3 ? 1 : word)),
      ],
    },
  ),
  check(
    'backend/vif',
    'NETIF-EXT-07',
    async (stand) => {
      await connectGso(stand);
      putLarge(stand, [gso], {flags: 0, isBlank: false});
      stand.wire.take();
      await stand.exchange();
      const [frame] = stand.wire.take();
      const {checksumAt, pseudo} = inetFrame({payloadBytes: SEGMENTS * SEGMENT_BYTES});
      stand.must(frame !== undefined, 'the packet is dropped', 'it is repaired');
      const checksum = checksumIn(frame.bytes, checksumAt);
      stand.must(checksum === pseudo, `checksum ${checksum}`, `${pseudo}, of the pseudo header`);
    },
    {
      mutants: [
        misreadsTxFlags('takes GSO for csum_blank', (flags) => ((flags & TXF.extra) !== 0 ? flags | TXF.blank : flags)),
      ],
    },
  ),
  check(
    'backend/vif',
    'NETIF-EXT-08',
    async (stand) => {
      await connectWith(stand, [{}, {'feature-sg': ''}, {'feature-gso-tcpv4': '0'}][stand.choose(3)]);
      const taken = await sendLarge(stand);
      stand.must(
        taken.every(({flags}) => (flags & RXF.extra) === 0),
        'GSO comes',
        'segments: the frontend takes no GSO',
      );
      stand.must(taken.length === SEGMENTS, `${taken.length} frames`, `${SEGMENTS} segments`);
    },
    {orders: 3, mutants: [noGso]},
  ),
  check(
    'backend/vif',
    'NETIF-EXT-10',
    async (stand) => {
      await connectGso(stand);
      const bytes = putLarge(stand, [{...gso, size: 500}, {...gso, size: 700}, gso]);
      stand.wire.take();
      await stand.exchange();
      const [frame] = stand.wire.take();
      stand.must(sameBytes(frame?.bytes, bytes), 'another frame, or none', 'the frame: of one type the last counts');
      const size = frame.offload & 0xffff;
      stand.must(size === SEGMENT_BYTES, `segments of ${size} bytes`, `${SEGMENT_BYTES}: the last counts`);
      putLarge(
        stand,
        Array.from({length: EXTRA_SLOTS_MAX * 8}, () => gso),
      );
      await stand.exchange();
      stand.must(stand.guest.domain.shutdownReason === undefined, 'the guest is down', 'nothing is overrun');
    },
    {
      mutants: [
        misreadsNet('tx', 'goes by the first', TX_WORD.gref, (word) =>
          (word & 0xff) === 1 && word >>> 16 === SEGMENT_BYTES ? (word & 0xffff) | (500 << 16) : word,
        ),
      ],
    },
  ),
  check(
    'backend/vif',
    'NETIF-TX-12',
    async (stand) => {
      await connectGso(stand);
      const bytes = putLarge(stand, [gso]);
      await mustSend(stand, [NET_RSP.okay, NET_RSP.null, NET_RSP.okay], bytes);
    },
    {
      variant: 'extra',
      mutants: [answersTx('answers extra infos as requests', (status) => (status === NET_RSP.null ? 0 : status))],
    },
  ),
];
