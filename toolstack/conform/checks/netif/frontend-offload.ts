import {check, type Check} from '../../check.ts';
import {misreadsRxFlags, misreadsRxStatus, miswritesTxFlags} from '../../mutants/netif.ts';
import {readsInstead} from '../../mutants/store.ts';
import {frameToGuest, sameBytes} from '../../peers/frames.ts';
import {checksumIn, type InetFrame, inetFrame} from '../../peers/inet-frames.ts';
import {EXTRA, RXF, TXF} from '../../peers/net-slots.ts';
import type {VifFrontendStand} from '../../stand/vif-frontend.ts';

const PAYLOAD_BYTES = 3000;
const MSS = 1000;
const BLANK = RXF.blank | RXF.validated;
/** Of a TCP frame to be cut, what lies in its first slot. */
const FIRST_BYTES = 1000;

/** The bytes of a frame but for its checksum, which a driver may complete or leave to others. */
const mustBe = (
  stand: VifFrontendStand,
  seen: Uint8Array | undefined,
  {bytes, checksumAt, full, pseudo}: InetFrame,
): void => {
  stand.must(seen?.length === bytes.length, `${seen?.length} bytes`, `a frame of ${bytes.length}`);
  const others = [seen, bytes].map((frame) => Uint8Array.from(frame ?? []).fill(0, checksumAt, checksumAt + 2));
  stand.must(sameBytes(others[0], others[1]), 'other bytes', "the frame's");
  const checksum = checksumIn(seen ?? bytes, checksumAt);
  stand.must([full, pseudo].includes(checksum), `checksum ${checksum}`, `${full}, or ${pseudo}`);
};

/** A TCP packet that nobody has cut, to a guest that takes such. */
const mustTakeUncut = async (stand: VifFrontendStand): Promise<void> => {
  const peer = await stand.connect();
  if ((await stand.front('feature-gso-tcpv4')) !== '1') stand.inconclusive('the driver takes no GSO');
  const frame = inetFrame({toGuest: true, isBlank: true, payloadBytes: PAYLOAD_BYTES});
  peer.fillRx(frame.bytes.subarray(0, FIRST_BYTES), {flags: BLANK | RXF.extra | RXF.more});
  peer.extraRx({type: EXTRA.gso, size: MSS, gsoType: EXTRA.tcp4});
  peer.fillRx(frame.bytes.subarray(FIRST_BYTES));
  const frames = await stand.receives();
  stand.must(frames.length === 1, `${frames.length} frames`, 'one');
  mustBe(stand, frames[0], frame);
  stand.must(await stand.works(), 'a frame does not pass', 'the device goes on');
};

const ignoresExtras = misreadsRxFlags('does not look at extra_info', (flags) => flags & ~RXF.extra);

export const frontendOffloadChecks: readonly Check[] = [
  check(
    'frontend/vif',
    'NETIF-NEG-04',
    async (stand) => {
      const takes = stand.choose(2) === 1;
      const peer = await stand.connect({offers: takes ? {} : {'feature-no-csum-offload': '1'}});
      const {bytes, checksumAt, pseudo} = inetFrame();
      const {nic} = stand;
      if (nic.sendUncut === undefined) return stand.inconclusive('programs cannot leave a checksum to others');
      await nic.sendUncut(bytes, 0);
      await stand.settle();
      const requests = peer.takeTx();
      const isBlank = requests.some(({flags}) => (flags & TXF.blank) !== 0);
      stand.must(takes || !isBlank, 'csum_blank', 'a checksum, or no frame: the backend completes none');
      if (!isBlank) return;
      const checksum = checksumIn(stand.bytesOf(requests) ?? bytes, checksumAt);
      stand.must(checksum === pseudo, `checksum ${checksum}`, `${pseudo}, of the pseudo header`);
    },
    {
      orders: 2,
      mutants: [readsInstead('does not look at feature-no-csum-offload', 'feature-no-csum-offload', () => undefined)],
    },
  ),
  check(
    'frontend/vif',
    'NETIF-CSUM-02',
    async (stand) => {
      const peer = await stand.connect();
      const {nic} = stand;
      if (nic.sendUncut === undefined) return stand.inconclusive('programs cannot leave a checksum to others');
      for (const transport of ['tcp', 'udp'] as const) {
        const {bytes, checksumAt, pseudo} = inetFrame({transport});
        await nic.sendUncut(bytes, 0);
        await stand.settle();
        const requests = peer.takeTx();
        stand.must(requests.length > 0, 'no request', 'a frame');
        stand.must((requests[0].flags & TXF.blank) !== 0, `flags ${requests[0].flags}`, 'csum_blank');
        const checksum = checksumIn(stand.bytesOf(requests) ?? bytes, checksumAt);
        stand.must(checksum === pseudo, `checksum ${checksum}`, `${pseudo}, of the pseudo header`);
      }
    },
    {mutants: [miswritesTxFlags('does not say that the checksum is blank', (flags) => flags & ~TXF.blank)]},
  ),
  check(
    'frontend/vif',
    'NETIF-CSUM-01',
    async (stand) => {
      const peer = await stand.connect();
      const blank = inetFrame({toGuest: true, isBlank: true});
      peer.fillRx(blank.bytes, {flags: BLANK});
      const [first] = await stand.receives();
      mustBe(stand, first, blank);
      const wrong = blank.bytes.with(blank.checksumAt, 0x12);
      for (const flags of [0, RXF.validated]) {
        peer.fillRx(wrong, {flags});
        const frames = await stand.receives();
        stand.must(
          frames.every((frame) => sameBytes(frame, wrong)),
          `flags ${flags}: another checksum`,
          'that of the frame: csum_blank is bit 1',
        );
      }
    },
    {
      mutants: [
        misreadsRxFlags('takes bit 0 for csum_blank', (flags) => (flags & RXF.validated) << 1),
        misreadsRxStatus('takes a byte less', (status) => status - 1),
      ],
    },
  ),
  check(
    'frontend/vif',
    'NETIF-CSUM-04',
    async (stand) => {
      const peer = await stand.connect();
      const whole = inetFrame({toGuest: true, isBlank: true, payloadBytes: 8}).bytes;
      const bad = [
        whole.subarray(0, 33),
        whole.subarray(0, 40),
        whole.with(14, 0x4f),
        whole.with(14, 0x41),
        whole.with(16, 0xff),
        whole.with(23, 1),
        frameToGuest(14),
        frameToGuest(100),
      ];
      for (const bytes of bad) {
        peer.fillRx(bytes, {flags: BLANK});
        const frames = await stand.receives();
        stand.must(stand.guestLives, 'the guest has crashed', 'it goes on');
        stand.must(
          frames.every((frame) => sameBytes(frame, bytes)),
          'a frame with other bytes',
          'the frame as it is, or none',
        );
      }
      stand.must(await stand.works(), 'a frame does not pass', 'the device goes on');
    },
    {mutants: [misreadsRxStatus('takes any frame for one of 60 bytes at least', (status) => Math.max(status, 60))]},
  ),
  ...(['NETIF-EXT-01', 'NETIF-EXT-02'] as const).map((clause) =>
    check('frontend/vif', clause, mustTakeUncut, {seeds: 1, mutants: [ignoresExtras]}),
  ),
  check(
    'frontend/vif',
    'NETIF-EXT-09',
    async (stand) => {
      const peer = await stand.connect();
      const [marked, plain] = [frameToGuest(100, 1), frameToGuest(100, 2)];
      peer.fillRx(marked, {flags: RXF.gsoPrefix});
      peer.fillRx(plain);
      const frames = await stand.receives();
      stand.must(
        frames.some((frame) => sameBytes(frame, plain)),
        'the next frame is lost',
        'the flag concerns no other slot',
      );
      stand.must(await stand.works(), 'a frame does not pass', 'the device goes on');
    },
    {
      mutants: [
        misreadsRxFlags('takes gso_prefix for more_data', (flags) =>
          (flags & RXF.gsoPrefix) === 0 ? flags : flags | RXF.more,
        ),
      ],
    },
  ),
];
