import {check, type Check} from '../../check.ts';
import {misreadsRxFlags, miswritesNet, RX_WORD} from '../../mutants/netif.ts';
import {readsInstead} from '../../mutants/store.ts';
import {frameToGuest, sameBytes} from '../../peers/frames.ts';
import {EXTRA, extraAt, RXF} from '../../peers/net-slots.ts';
import {packetOf} from './rx.ts';

const HEADROOM = 256;

export const headroomChecks: readonly Check[] = [
  check(
    'backend/vif',
    'NETIF-EXT-13',
    async (stand) => {
      const asks = stand.choose(2) === 1;
      const peer = await stand.connect({front: {'xdp-headroom': asks ? String(HEADROOM) : '', mtu: '9000'}});
      peer.post(12);
      peer.pushRx();
      if ((await stand.back('feature-xdp-headroom')) !== '1') stand.inconclusive('there is no feature-xdp-headroom');
      for (const size of [60, 1514, 5000]) {
        const frame = frameToGuest(size, size);
        const [first, ...others] = await stand.deliver(frame);
        const hasExtra = (first.flags & RXF.extra) !== 0;
        stand.must(hasExtra === asks, `extra info is ${hasExtra}`, asks ? 'one of type XDP' : 'none was asked for');
        const extras = asks ? others.splice(0, 1) : [];
        for (const {slot} of extras) {
          const {type, flags, size: headroom} = extraAt(slot);
          const seen = [type, flags & EXTRA.more, headroom].join();
          stand.must(seen === `${EXTRA.xdp},0,${HEADROOM}`, `extra info ${seen}`, 'type 5, no more, and the headroom');
        }
        const slots = [first, ...others];
        const due = asks ? HEADROOM : 0;
        stand.must(
          slots.every(({offset}) => offset >= due),
          () => `offsets ${slots.map(({offset}) => offset).join()}`,
          `${due} bytes are free in front`,
        );
        stand.must(sameBytes(packetOf(slots), frame), 'other bytes', "the frame's");
      }
    },
    {
      orders: 2,
      mutants: [
        readsInstead('does not look at xdp-headroom', 'xdp-headroom', () => undefined),
        readsInstead('takes any frontend for one that wants room', 'xdp-headroom', () => String(HEADROOM)),
        miswritesNet('rx', 'says that the data begin with the page', RX_WORD.responseIdOffset, (word) =>
          word >>> 16 === HEADROOM && (word & 0xff) !== EXTRA.xdp ? word & 0xffff : word,
        ),
      ],
    },
  ),
  check(
    'frontend/vif',
    'NETIF-EXT-13',
    async (stand) => {
      const isOffered = stand.choose(2) === 1;
      const peer = await stand.connect({
        front: {tuning: `headroom=${HEADROOM}`},
        offers: {'feature-xdp-headroom': isOffered ? '1' : ''},
      });
      const value = await stand.front('xdp-headroom');
      stand.must(isOffered || value === undefined, `xdp-headroom is ${value}`, 'none: the backend does not know of it');
      if (!isOffered || Number(value ?? 0) === 0) return;
      const frame = frameToGuest(60);
      peer.fillRx(frame, {flags: RXF.extra, offset: HEADROOM});
      peer.extraRx({type: EXTRA.xdp, size: Number(value)});
      const frames = await stand.receives();
      stand.must(frames.length === 1 && sameBytes(frames[0], frame), `${frames.length} frames`, 'the frame');
    },
    {
      orders: 2,
      mutants: [
        readsInstead('takes any backend for one that leaves room', 'feature-xdp-headroom', () => '1'),
        misreadsRxFlags('does not look at extra_info', (flags) => flags & ~RXF.extra),
      ],
    },
  ),
];
