import {check, type Check} from '../../check.ts';
import type {Mutant} from '../../mutants/mutant.ts';
import {answersHash, misreadsControl, usesFirstQueue} from '../../mutants/netif.ts';
import {readsInstead} from '../../mutants/store.ts';
import {flowFrame, type HashVector, hashVectors, RSS_KEY} from '../../peers/flow-frames.ts';
import {frameToGuest, sameBytes} from '../../peers/frames.ts';
import {CTRL, CTRL_STATUS, HASH} from '../../peers/net-control.ts';
import type {NetFrontendPeer} from '../../peers/net-frontend.ts';
import {EXTRA, extraAt, RXF} from '../../peers/net-slots.ts';
import type {VifBackendStand} from '../../stand/vif-backend.ts';
import {connectControl, controlOf, mustAnswer, pageOfWords, startHashing} from './control-ring.ts';
import {packetOf} from './rx.ts';

const {success, invalid, overflow} = CTRL_STATUS;
const DATA = [4, 8, 12] as const;
const ENTRIES = 4;
const NO_GRANT = 500;
const MAX_U32 = 0xffff_ffff;

/** Types by the number of their bits: of a vector with ports, and without. */
const typesOf = ({from}: HashVector): {ports: number; addresses: number} =>
  from.length === 16 ? {ports: 3, addresses: 2} : {ports: 1, addresses: 0};

const leBytes = (word: number): Uint8Array => new Uint8Array(Uint32Array.of(word).buffer);

/** A frame comes with this hash. */
const mustHash = async (
  stand: VifBackendStand,
  frame: Uint8Array,
  due: {readonly type: number; readonly hash: number},
): Promise<void> => {
  const {peer} = stand;
  peer.post(2);
  peer.pushRx();
  const [first, slot, ...later] = await stand.deliver(frame);
  stand.must(first !== undefined && (first.flags & RXF.extra) !== 0, 'no extra info', 'the hash goes with the frame');
  const {type, flags, bytes} = extraAt(slot.slot);
  stand.must(type === EXTRA.hash && flags === 0, `type ${type}, flags ${flags}`, 'type 4, and no more');
  const all = [due.type, HASH.toeplitz, ...leBytes(due.hash)].join();
  stand.must(bytes.join() === all, `bytes ${bytes.join()}`, `${all}: type, algorithm, and the value from its LSB on`);
  stand.must(sameBytes(packetOf([first, ...later]), frame), 'other bytes', "the frame's");
};

/** Which queue a frame comes by. */
const queueOf = async (
  stand: VifBackendStand,
  peers: readonly NetFrontendPeer[],
  frame: Uint8Array,
): Promise<number> => {
  for (const peer of peers) {
    peer.post(2);
    peer.pushRx();
  }
  stand.wire.send(frame);
  await stand.settle(1e7);
  const counts = peers.map((peer) => peer.takeRx().length);
  stand.must(counts.filter((count) => count > 0).length === 1, `slots ${counts.join()}`, 'by one of the queues');
  return counts.findIndex((count) => count > 0);
};

/** The frames of all vectors come by these queues. */
const mustSteer = async (
  stand: VifBackendStand,
  peers: readonly NetFrontendPeer[],
  queueFor: (hash: number) => number,
): Promise<void> => {
  for (const vector of hashVectors) {
    const queue = await queueOf(stand, peers, flowFrame(vector));
    const due = queueFor(vector.portHash);
    stand.must(queue === due, `a frame of hash ${vector.portHash} comes by queue ${queue}`, `queue ${due}`);
  }
};

/** A connection of two queues that hashes. */
const connectHashing = async (stand: VifBackendStand): Promise<NetFrontendPeer[]> => {
  const peers = await connectControl(stand, 2);
  await startHashing(stand, controlOf(stand), RSS_KEY);
  return peers;
};

/** A table can be set in part, as a whole or not at all, and nowhere else. @see XSA-270 */
export const mustKeepMapping = async (stand: VifBackendStand): Promise<void> => {
  const peers = await connectHashing(stand);
  const control = controlOf(stand);
  const table = [1, 0, 0, 1];
  await mustAnswer(stand, control, success, CTRL.setMappingSize, ENTRIES);
  await mustAnswer(stand, control, success, CTRL.setMapping, pageOfWords(stand, ...table), ENTRIES, 0);
  const zeros = pageOfWords(stand, 0, 0, 0, 0);
  for (const [entries, at] of [
    [2, MAX_U32],
    [MAX_U32, 1],
    [MAX_U32, 2],
    [0x4000_0001, 0],
    [ENTRIES, 1],
    [1, ENTRIES],
    [1025, 0],
  ])
    await mustAnswer(stand, control, [invalid, overflow], CTRL.setMapping, zeros, entries, at);
  for (const bad of [2, 0x100, MAX_U32])
    await mustAnswer(stand, control, invalid, CTRL.setMapping, pageOfWords(stand, 0, 1, 1, bad), ENTRIES, 0);
  await mustAnswer(stand, control, invalid, CTRL.setMapping, NO_GRANT, ENTRIES, 0);
  await mustSteer(stand, peers, (hash) => table[hash % ENTRIES]);
  await mustAnswer(stand, control, success, CTRL.setMapping, pageOfWords(stand, 1), 1, 1);
  await mustSteer(stand, peers, (hash) => [1, 1, 0, 1][hash % ENTRIES]);
};

export const wrapsMapping = misreadsControl('adds up in 32 bits', DATA[2], (at, type) =>
  type === CTRL.setMapping && at > ENTRIES ? 0 : at,
);

/** Does not know the type of an extra info that is a hash. */
const knowsNoHash: Mutant = {
  name: 'knows of no hashes',
  layer: () => ({
    read: ({ring}, fetch) => {
      const value = fetch();
      const isHash = ring === 'rx-ring-ref' && (value & 0xff) === EXTRA.hash && value >>> 24 === HASH.toeplitz;
      return isHash ? value | 0xff : value;
    },
  }),
};

export const hashingChecks: readonly Check[] = [
  check('backend/vif', 'NETIF-CTRL-08', mustKeepMapping, {seeds: 1, mutants: [wrapsMapping, usesFirstQueue]}),
  check(
    'backend/vif',
    'NETIF-CTRL-09',
    async (stand) => {
      await connectControl(stand);
      const control = controlOf(stand);
      await startHashing(stand, control, RSS_KEY);
      for (const vector of hashVectors) {
        const {ports, addresses} = typesOf(vector);
        await mustHash(stand, flowFrame(vector), {type: ports, hash: vector.portHash});
        const udp = flowFrame({...vector, transport: 'udp'});
        await mustHash(stand, udp, {type: addresses, hash: vector.addressHash});
      }
      await mustAnswer(stand, control, success, CTRL.setFlags, HASH.ipv4 | HASH.ipv6);
      for (const vector of hashVectors)
        await mustHash(stand, flowFrame(vector), {type: typesOf(vector).addresses, hash: vector.addressHash});
      stand.peer.post(2);
      stand.peer.pushRx();
      const [plain] = await stand.deliver(frameToGuest(60));
      stand.must((plain.flags & RXF.extra) === 0, 'a hash of a frame that is not IP', 'none');
    },
    {
      seeds: 1,
      mutants: [
        answersHash('has one bit wrong', (hash) => hash ^ 0x100),
        misreadsControl('hashes addresses only', DATA[0], (types, type) =>
          type === CTRL.setFlags ? types & (HASH.ipv4 | HASH.ipv6) : types,
        ),
      ],
    },
  ),
  check(
    'backend/vif',
    'NETIF-CTRL-10',
    async (stand) => {
      const peers = await connectHashing(stand);
      const control = controlOf(stand);
      await mustSteer(stand, peers, (hash) => hash % 2);
      await mustAnswer(stand, control, success, CTRL.setMappingSize, 3);
      await mustSteer(stand, peers, () => 0);
      await mustAnswer(stand, control, success, CTRL.setMapping, pageOfWords(stand, 1, 0, 1), 3, 0);
      await mustSteer(stand, peers, (hash) => [1, 0, 1][hash % 3]);
      await mustAnswer(stand, control, success, CTRL.setMappingSize, 0);
      await mustSteer(stand, peers, (hash) => hash % 2);
    },
    {
      seeds: 1,
      mutants: [
        usesFirstQueue,
        misreadsControl('does not set the size of the table', DATA[0], (size, type) =>
          type === CTRL.setMappingSize ? 0 : size,
        ),
      ],
    },
  ),
  check(
    'backend/vif',
    'NETIF-EXT-11',
    async (stand) => {
      await connectControl(stand);
      await startHashing(stand, controlOf(stand), RSS_KEY);
      const [vector] = hashVectors;
      await mustHash(stand, flowFrame(vector), {type: typesOf(vector).ports, hash: vector.portHash});
    },
    {
      mutants: [
        answersHash('writes the value from its MSB on', (hash) => new DataView(leBytes(hash).buffer).getUint32(0)),
      ],
    },
  ),
  check(
    'frontend/vif',
    'NETIF-EXT-11',
    async (stand) => {
      const peer = await stand.connect({front: {tuning: 'hash=1'}, offers: {'feature-ctrl-ring': '1'}});
      const server = await stand.meetControl();
      for (let round = 0; round < 8; round++) {
        for (const {id, type} of server.take())
          server.respond({id, type, status: success, data: type === CTRL.getFlags ? HASH.ipv4Tcp : 0});
        server.push();
        await stand.settle(1e7);
      }
      const [vector] = hashVectors;
      const frame = flowFrame(vector);
      peer.fillRx(frame, {flags: RXF.extra});
      peer.extraRx({type: EXTRA.hash, bytes: [typesOf(vector).ports, HASH.toeplitz, ...leBytes(vector.portHash)]});
      const frames = await stand.receives();
      stand.must(frames.length === 1 && sameBytes(frames[0], frame), `${frames.length} frames`, 'the frame');
      stand.must(await stand.works(), 'a frame does not pass', 'the device goes on');
    },
    {mutants: [knowsNoHash]},
  ),
  check(
    'backend/vif',
    'NETIF-RX-18',
    async (stand) => {
      const peers = await stand.connectQueues(2);
      for (const peer of peers) {
        peer.post(64);
        peer.pushRx();
      }
      const [vector] = hashVectors;
      const frames = Array.from({length: 40}, (_, i) => flowFrame({...vector, fromPort: 1000 + i}));
      for (const frame of frames) stand.wire.send(frame);
      await stand.settle();
      const taken = peers.flatMap((peer) => peer.takeRx());
      stand.must(taken.length === frames.length, `${taken.length} of ${frames.length} frames come`, 'each once');
      for (const frame of frames)
        stand.must(
          taken.some((each) => sameBytes(packetOf([each]), frame)),
          'a frame is missing',
          'each by one of the queues',
        );
    },
    {mutants: [usesFirstQueue]},
  ),
  check(
    'backend/vif',
    'NETIF-NEG-09',
    async (stand) => {
      await stand.attach({back: {tuning: 'queues=2'}});
      await stand.arrives(2);
      if ((await stand.back('multi-queue-max-queues')) !== '2') stand.inconclusive('the backend has not two queues');
      const {ringNodes} = stand.peer;
      const first = Object.entries(ringNodes).map(([key, value]) => [`queue-0/${key}`, value]);
      await stand.announce({'multi-queue-num-queues': '2', ...Object.fromEntries(first)});
      const isUp = (await stand.reaches(4, 5, 6)) && (await stand.state) === 4;
      stand.must(!isUp, 'the backend is Connected', 'it refuses: the second queue is not there');
      stand.must(stand.mappings === 0, () => `${stand.mappings} pages are mapped`, 'nothing of the guest is kept');
    },
    {
      variant: 'missing',
      mutants: [readsInstead('takes any number of queues for 1', 'multi-queue-num-queues', () => '1')],
    },
  ),
];
