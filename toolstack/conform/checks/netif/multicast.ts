import {check, type Check} from '../../check.ts';
import {answersTx, misreadsNet, misreadsTxFlags, TX_WORD} from '../../mutants/netif.ts';
import {frontState, publishesLate, readsInstead} from '../../mutants/store.ts';
import {frameFromGuest, frameToGuest} from '../../peers/frames.ts';
import {EXTRA, NET_RSP, TXF} from '../../peers/net-slots.ts';
import type {VifBackendStand} from '../../stand/vif-backend.ts';

const NO_GRANT = 500;
const MAX_GROUPS = 64;
const LISTED = [0x33, 0x33, 0, 0, 0, 1];
const OTHER = [0x33, 0x33, 0, 0, 0, 2];
const BROADCAST = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
const REQUEST = 'request-multicast-control';
const filters = {[REQUEST]: '1'};

const looksNot = readsInstead(`does not look at ${REQUEST}`, REQUEST, () => undefined);
const filtersAlways = readsInstead('filters whether it is asked to or not', REQUEST, () => '1');

const frameTo = (address: readonly number[]): Uint8Array => {
  const frame = frameToGuest(60);
  frame.set(address);
  return frame;
};

/** Connected with these nodes; inconclusive where there is no multicast control. */
const connect = async (stand: VifBackendStand, front: Readonly<Record<string, string>>): Promise<void> => {
  await stand.connect({front});
  if ((await stand.back('feature-multicast-control')) !== '1') stand.inconclusive('there is no multicast control');
};

/** Puts an address on the list, or takes it off; the status of the answer. */
const change = async (
  stand: VifBackendStand,
  type: number,
  address: readonly number[],
  gref = NO_GRANT,
): Promise<number> => {
  const {peer} = stand;
  peer.putTx({gref, size: 60, flags: TXF.extra, id: 9});
  peer.putExtra({type, bytes: address});
  const answers = await stand.exchange();
  stand.must(answers.length === 2, `${answers.length} answers`, 'one to the request, one to the extra info');
  return answers[0].status;
};

const mustPass = async (
  stand: VifBackendStand,
  address: readonly number[],
  passes: boolean,
  why: string,
): Promise<void> => {
  stand.peer.post(1);
  stand.peer.pushRx();
  const taken = await stand.deliver(frameTo(address));
  const what = address.map((byte) => byte.toString(16)).join(':');
  stand.must((taken.length === 1) === passes, `a frame to ${what} ${passes ? 'does not come' : 'comes'}`, why);
};

export const multicastChecks: readonly Check[] = [
  check(
    'frontend/vif',
    'NETIF-MC-01',
    async (stand) => {
      await stand.connect({front: {tuning: 'multicast=1'}, offers: {'feature-multicast-control': '1'}});
      const {writes} = stand.store;
      const asked = writes.findIndex(({path}) => path.endsWith(`/${REQUEST}`));
      const connected = writes.findIndex(({path, value}) => path.endsWith('/state') && value === '4');
      if (asked < 0) stand.inconclusive('the driver asks for no multicast control');
      stand.must(asked < connected, `${REQUEST} is written after state 4`, 'before it: the backend looks then');
    },
    {mutants: [publishesLate(REQUEST, frontState, 4)]},
  ),
  check(
    'frontend/vif',
    'NETIF-MC-01',
    async (stand) => {
      await stand.connect({front: {tuning: 'multicast=1'}});
      const value = await stand.front(REQUEST);
      stand.must(value === undefined || value === '0', `${REQUEST} is ${value}`, 'none: it is not offered');
    },
    {
      variant: 'not offered',
      mutants: [readsInstead('takes any backend for one that filters', 'feature-multicast-control', () => '1')],
    },
  ),
  check(
    'backend/vif',
    'NETIF-MC-02',
    async (stand) => {
      await connect(stand, {});
      await mustPass(stand, OTHER, true, 'nobody asked for a filter');
      await change(stand, EXTRA.groupAdd, LISTED);
      await mustPass(stand, OTHER, true, 'a list alone does not filter');
      if ((await stand.back('feature-dynamic-multicast-control')) !== '1') return;
      const path = `${stand.frontPath(stand.devid)}/${REQUEST}`;
      for (const [value, passes] of [
        ['1', false],
        ['0', true],
        ['1', false],
      ] as const) {
        await stand.write(path, value);
        await stand.settle();
        await mustPass(stand, OTHER, passes, `${REQUEST} is ${value} now`);
        await mustPass(stand, LISTED, true, 'the list was made before');
      }
    },
    {
      mutants: [
        looksNot,
        filtersAlways,
        readsInstead('looks when it connects only', REQUEST, (value, nth) => (nth > 0 ? '0' : value)),
      ],
    },
  ),
  check(
    'backend/vif',
    'NETIF-MC-02',
    async (stand) => {
      await stand.attach({back: {tuning: 'multicast=fixed'}});
      await stand.arrives(2);
      if ((await stand.back('feature-dynamic-multicast-control')) === '1')
        stand.inconclusive('the backend follows the node at any time');
      const asks = stand.choose(2) === 1;
      await stand.meet(asks ? filters : {});
      await mustPass(stand, OTHER, !asks, `${REQUEST} was ${asks ? 'set' : 'not set'} when it connected`);
      await stand.write(`${stand.frontPath(stand.devid)}/${REQUEST}`, asks ? '0' : '1');
      await stand.settle();
      await mustPass(stand, OTHER, !asks, 'a change has no effect without feature-dynamic-multicast-control');
    },
    {variant: 'fixed', orders: 2, mutants: [looksNot, filtersAlways]},
  ),
  check(
    'backend/vif',
    'NETIF-MC-03',
    async (stand) => {
      await connect(stand, filters);
      for (let i = 0; i < MAX_GROUPS; i++) {
        const status = await change(stand, EXTRA.groupAdd, [...LISTED.slice(0, 5), i]);
        stand.must(status === NET_RSP.okay, `status ${status} to address ${i}`, '0');
      }
      const beyond = [...LISTED.slice(0, 4), 1, 0];
      const full = await change(stand, EXTRA.groupAdd, beyond);
      stand.must(full === NET_RSP.error, `status ${full}`, 'an error: the list is full');
      const removed = await change(stand, EXTRA.groupDel, LISTED);
      stand.must(removed === NET_RSP.okay, `status ${removed}`, '0: an address goes');
      const again = await change(stand, EXTRA.groupAdd, beyond);
      stand.must(again === NET_RSP.okay, `status ${again}`, '0: there is room again');
      await mustPass(stand, beyond, true, 'it is on the list');
      await mustPass(stand, LISTED, false, 'it is on the list no more');
    },
    {
      seeds: 1,
      mutants: [
        answersTx('answers that all went well', (status) => (status === NET_RSP.error ? NET_RSP.okay : status)),
        misreadsNet('tx', 'takes DEL for ADD', TX_WORD.gref, (word) =>
          (word & 0xffff) === EXTRA.groupDel ? word - 1 : word,
        ),
      ],
    },
  ),
  check(
    'backend/vif',
    'NETIF-MC-04',
    async (stand) => {
      await connect(stand, filters);
      stand.wire.take();
      for (const gref of [NO_GRANT, 0xffff_ffff, stand.peer.pageOf(frameFromGuest(60)).gref]) {
        const status = await change(stand, EXTRA.groupAdd, LISTED, gref);
        stand.must(status === NET_RSP.okay, `status ${status} with grant ${gref}`, '0: the grant is not looked at');
      }
      const sent = stand.wire.take();
      stand.must(sent.length === 0, `${sent.length} frames are on the wire`, 'none: the request is a dummy');
      stand.must(await stand.serves(), 'a frame does not pass', 'the vif goes on');
    },
    {mutants: [misreadsTxFlags('takes a dummy for a packet', (flags) => flags & ~TXF.extra)]},
  ),
  check(
    'backend/vif',
    'NETIF-MC-05',
    async (stand) => {
      await connect(stand, filters);
      await change(stand, EXTRA.groupAdd, LISTED);
      await mustPass(stand, LISTED, true, 'it is on the list');
      await mustPass(stand, OTHER, false, 'it is not on the list');
      await mustPass(stand, [1, 0, 0x5e, 0, 0, 1], false, 'it is not on the list');
      await mustPass(stand, BROADCAST, true, 'broadcast is not filtered');
      await mustPass(stand, [...frameToGuest(6)], true, 'unicast is not filtered');
    },
    {
      mutants: [
        looksNot,
        misreadsNet('tx', 'takes ADD for DEL', TX_WORD.gref, (word) =>
          (word & 0xffff) === EXTRA.groupAdd ? word + 1 : word,
        ),
      ],
    },
  ),
  check(
    'backend/vif',
    'NETIF-MC-06',
    async (stand) => {
      await connect(stand, filters);
      await change(stand, EXTRA.groupAdd, LISTED);
      await mustPass(stand, LISTED, true, 'it is on the list');
      await stand.setState(5);
      await stand.setState(6);
      await stand.arrives(6);
      await stand.setState(1);
      await stand.arrives(2);
      stand.newPeer();
      await stand.plug();
      await stand.meet(filters);
      await mustPass(stand, LISTED, false, 'the list is empty when a frontend connects');
      stand.must(await stand.serves(), 'a frame does not pass', 'unicast passes');
    },
    {
      seeds: 1,
      mutants: [
        readsInstead('filters for the first frontend only', REQUEST, (value, nth) => (nth > 0 ? undefined : value)),
      ],
    },
  ),
];
