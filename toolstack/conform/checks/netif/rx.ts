import {check, type Check} from '../../check.ts';
import {
  answersRx,
  answersRxFlags,
  copiesInstead,
  countsOnMore,
  ignoresCopyStatus,
  misreadsNet,
  miswritesNet,
  publishesSingly,
  RX_WORD,
} from '../../mutants/netif.ts';
import {frameToGuest, sameBytes} from '../../peers/frames.ts';
import type {TakenRxResponse} from '../../peers/net-frontend.ts';
import {RXF} from '../../peers/net-slots.ts';
import type {VifBackendStand} from '../../stand/vif-backend.ts';

const NO_GRANT = 500;
const LONG_BYTES = 9000;
const RSP_PROD = 8;
const CANARY = 0x5c;

/** A frontend that takes long frames, with so many pages posted. */
export const connectLong = async (stand: VifBackendStand, pages: number): Promise<void> => {
  const peer = await stand.connect({front: {mtu: '9000'}});
  peer.post(pages, CANARY);
  peer.pushRx();
};

/** What a frontend makes of the slots of one packet. */
export const packetOf = (taken: readonly TakenRxResponse[]): Uint8Array =>
  Uint8Array.from(
    taken.flatMap(({page, offset, status}) => [...(page?.bytes.subarray(offset, offset + Math.max(0, status)) ?? [])]),
  );

const mustGet = (stand: VifBackendStand, taken: readonly TakenRxResponse[], frame: Uint8Array): void =>
  stand.must(
    sameBytes(packetOf(taken), frame),
    () => `other bytes in ${taken.length} slots with statuses ${taken.map(({status}) => status).join()}`,
    `the frame of ${frame.length} bytes`,
  );

export const rxChecks: readonly Check[] = [
  check(
    'backend/vif',
    'NETIF-RX-01',
    async (stand) => {
      const peer = await stand.connect();
      for (const [id, size] of [
        [0, 60],
        [0xffff, 1514],
        [0x1234, 14],
      ]) {
        const {gref, bytes} = peer.page({fill: CANARY});
        peer.putRx({gref, id});
        peer.pushRx();
        const frame = frameToGuest(size, id);
        const [taken] = await stand.deliver(frame);
        stand.must(taken?.id === id, `id ${taken?.id}`, `id ${id}`);
        stand.must(taken.status === size, `status ${taken.status}`, `${size} bytes`);
        const {offset} = taken;
        stand.must(sameBytes(bytes.subarray(offset, offset + size), frame), 'other bytes', "the frame's");
        const rest = bytes.filter((byte, i) => (i < offset || i >= offset + size) && byte !== CANARY).length;
        stand.must(rest === 0, `${rest} bytes besides the frame are written`, 'none');
      }
    },
    {
      mutants: [
        miswritesNet('rx', 'answers with the lower byte of ids', RX_WORD.responseIdOffset, (word) => word & 0xffff00ff),
        answersRx('answers with a byte more', (status) => status + 1),
        copiesInstead('copies a byte more', ({length}) => ({length: length + 1})),
      ],
    },
  ),
  check(
    'backend/vif',
    'NETIF-RX-02',
    async (stand) => {
      const peer = await stand.connect();
      peer.post(6);
      peer.pushRx();
      const frames = [0, 1, 2, 3, 4].map((seed) => frameToGuest(100 + seed, seed));
      const taken = await stand.deliver(...frames);
      stand.must(taken.length === frames.length, `${taken.length} responses`, String(frames.length));
      taken.forEach((response, i) => mustGet(stand, [response], frames[i]));
    },
    {
      mutants: [
        misreadsNet(
          'rx',
          'uses the page of the next slot',
          RX_WORD.gref,
          (value, {page, offset}) => page[offset / 4 + 2] || value,
        ),
      ],
    },
  ),
  check(
    'backend/vif',
    'NETIF-RX-03',
    async (stand) => {
      const peer = await stand.connect();
      const ids = [7, 7, 0xffff, 0, 300];
      for (const id of ids) peer.putRx({gref: peer.page().gref, id});
      peer.pushRx();
      const taken = await stand.deliver(...ids.map((id) => frameToGuest(60, id)));
      const seen = taken.map(({id}) => id).join();
      stand.must(seen === ids.join(), `ids ${seen}`, `${ids.join()}: each as in the request of its slot`);
    },
    {
      mutants: [
        miswritesNet(
          'rx',
          'answers with the number of the slot',
          RX_WORD.responseIdOffset,
          (_, {offset}) => (offset - 64) / 8,
        ),
      ],
    },
  ),
  check(
    'backend/vif',
    'NETIF-RX-04',
    async (stand) => {
      await connectLong(stand, 8);
      for (const size of [LONG_BYTES, 4096, 4097, 8192]) {
        stand.peer.post(4, CANARY);
        stand.peer.pushRx();
        const frame = frameToGuest(size);
        mustGet(stand, await stand.deliver(frame), frame);
      }
    },
    {
      mutants: [
        answersRx('answers with a byte less', (status) => status - 1),
        answersRx('answers with full pages', (status) => (status > 0 ? 4096 : status)),
      ],
    },
  ),
  check(
    'backend/vif',
    'NETIF-RX-05',
    async (stand) => {
      await connectLong(stand, 8);
      const taken = await stand.deliver(frameToGuest(LONG_BYTES), frameToGuest(60));
      stand.must(taken.length >= 4, `${taken.length} slots`, 'three and one');
      const more = taken.map(({flags}) => (flags & RXF.more) !== 0);
      const ends = more.flatMap((isMore, i) => (isMore ? [] : [i]));
      stand.must(
        ends.length === 2 && ends[1] === taken.length - 1,
        `more_data: ${more.join()}`,
        'on all but the last slot',
      );
      const later = taken.filter((_, i) => i > 0 && more[i - 1]);
      stand.must(
        later.every(({flags}) => (flags & ~RXF.more) === 0),
        () => `flags ${later.map(({flags}) => flags).join()} in later slots`,
        'more_data alone',
      );
    },
    {
      mutants: [
        answersRxFlags('marks all slots as followed by more', (flags) => flags | RXF.more),
        answersRxFlags('marks all slots as validated', (flags) => flags | RXF.validated),
        answersRxFlags('does not say that more follows', (flags) => flags & ~RXF.more),
      ],
    },
  ),
  check(
    'backend/vif',
    'NETIF-RX-06',
    async (stand) => {
      await connectLong(stand, 8);
      const {peer, spy} = stand;
      const halves: number[] = [];
      spy.after = ({kind, ring, offset, value}) => {
        if (kind !== 'write' || ring !== 'rx-ring-ref' || offset !== RSP_PROD) return;
        const flags = peer.rx.readSlot(value - 1).getUint16(4, true);
        if ((flags & RXF.more) !== 0) halves.push(value);
      };
      const taken = await stand.deliver(frameToGuest(LONG_BYTES), frameToGuest(5000));
      stand.must(taken.length === 5, `${taken.length} slots`, '5');
      stand.must(halves.length === 0, `rsp_prod is ${halves[0]} in the middle of a packet`, 'whole packets only');
    },
    {mutants: [publishesSingly('rx')]},
  ),
  check(
    'backend/vif',
    'NETIF-RX-07',
    async (stand) => {
      await connectLong(stand, 2);
      const {peer} = stand;
      const frame = frameToGuest(LONG_BYTES);
      const early = await stand.deliver(frame);
      stand.must(early.length === 0, `${early.length} slots are answered`, 'none: the frame needs three');
      peer.post(1);
      peer.pushRx();
      await stand.settle();
      mustGet(stand, peer.takeRx(), frame);
    },
    {mutants: [countsOnMore]},
  ),
  check(
    'backend/vif',
    'NETIF-RX-08',
    async (stand) => {
      const peer = await stand.connect();
      peer.post(1);
      peer.putRx({gref: NO_GRANT});
      peer.post(1);
      peer.pushRx();
      const frames = [0, 1, 2].map((seed) => frameToGuest(60, seed));
      const taken = await stand.deliver(...frames);
      stand.must(
        taken.length === 3 && taken[1].status < 0,
        `statuses ${taken.map(({status}) => status).join()}`,
        'an error in the second',
      );
      mustGet(stand, [taken[0]], frames[0]);
      mustGet(stand, [taken[2]], frames[2]);
      stand.must(await stand.serves(), 'a frame does not pass', 'the vif goes on');
    },
    {mutants: [ignoresCopyStatus]},
  ),
  check(
    'backend/vif',
    'NETIF-EXT-09',
    async (stand) => {
      await connectLong(stand, 8);
      const taken = await stand.deliver(frameToGuest(LONG_BYTES), frameToGuest(60));
      const marked = taken.filter(({flags}) => (flags & RXF.gsoPrefix) !== 0);
      stand.must(marked.length === 0, `${marked.length} slots with gso_prefix`, 'none: the flag is not used any more');
    },
    {mutants: [answersRxFlags('sets gso_prefix', (flags) => flags | RXF.gsoPrefix)]},
  ),
];
