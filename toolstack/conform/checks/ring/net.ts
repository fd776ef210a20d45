import {check, type Check} from '../../check.ts';
import {backWords, servesImpossible} from '../../mutants/ring.ts';
import {frameFromGuest, frameToGuest} from '../../peers/frames.ts';

const SLOTS = 256;
/** So far before the wrap that the traffic of a check goes over it. */
const NEAR_WRAP = 2 ** 32 - 5;

/** The rules about indexes, at the rings of a network device. */
export const netRingChecks: readonly Check[] = [
  check(
    'backend/vif',
    'RING-IDX-01',
    async (stand) => {
      await stand.connect({start: NEAR_WRAP});
      for (let i = 0; i < 10; i++) stand.must(await stand.serves(), `frame ${i} does not pass`, 'indexes wrap at 2^32');
    },
    {
      seeds: 1,
      mutants: [
        {
          name: 'keeps its producer index in 16 bits',
          layer: () => ({
            write: ({offset}, value, store) => store(offset === backWords.ownProd ? value & 0xffff : value),
          }),
        },
      ],
    },
  ),
  check(
    'backend/vif',
    'RING-IDX-08',
    async (stand) => {
      const peer = await stand.connect();
      const beyond = [SLOTS + 1, 2 ** 31, -1][stand.choose(3)];
      const {gref} = peer.page();
      for (let i = 0; i < SLOTS; i++) peer.putTx({gref, size: 60});
      stand.wire.take();
      peer.pushTx(peer.tx.rspProd + beyond);
      peer.notifyTx();
      await stand.settle();
      stand.must(stand.wire.take().length === 0, 'frames are on the wire', 'nothing of such a ring is served');
      stand.must(peer.tx.rspProd === 0, () => `rsp_prod is ${peer.tx.rspProd}`, 'no answer');
    },
    {orders: 3, mutants: [servesImpossible(backWords, () => SLOTS)]},
  ),
  check(
    'backend/vif',
    'RING-IDX-11',
    async (stand) => {
      const peer = await stand.connect();
      for (let i = 0; i < 2; i++) peer.putFrame(frameFromGuest(60), i);
      const answered: number[] = [];
      stand.spy.after = ({kind, ring, offset, value}) => {
        if (ring !== 'tx-ring-ref') return;
        if (kind === 'read' && offset === backWords.peerProd && value === peer.txProd)
          peer.tx.reqProd = peer.txProd + SLOTS + 1;
        if (kind === 'write' && offset === backWords.ownProd) answered.push(value);
      };
      peer.pushTx();
      await stand.settle();
      const last = Math.max(0, ...answered);
      stand.must(last <= 2, `${last} requests are answered`, 'the two that the index first read covers');
    },
    {mutants: [servesImpossible(backWords, () => 2)]},
  ),
  check(
    'backend/vif',
    'RING-IDX-11',
    async (stand) => {
      const peer = await stand.connect();
      peer.post(2);
      peer.pushRx();
      await stand.settle();
      const answered: number[] = [];
      stand.spy.after = ({kind, ring, offset, value}) => {
        if (ring !== 'rx-ring-ref') return;
        if (kind === 'read' && offset === backWords.peerProd && value === peer.rxProd)
          peer.rx.reqProd = peer.rxProd + SLOTS + 1;
        if (kind === 'write' && offset === backWords.ownProd) answered.push(value);
      };
      await stand.deliver(...Array.from({length: 4}, (_, i) => frameToGuest(60, i)));
      const last = Math.max(0, ...answered);
      stand.must(last <= 2, `${last} requests are answered`, 'the two that the index first read covers');
    },
    {variant: 'receive', mutants: [servesImpossible(backWords, () => 2)]},
  ),
];
