import {check, type Check} from '../../check.ts';
import {keepsMappings} from '../../mutants/leaks.ts';
import {misreadsControl, miswritesControl} from '../../mutants/netif.ts';
import {readsInstead} from '../../mutants/store.ts';
import {flowFrame, hashVectors, RSS_KEY} from '../../peers/flow-frames.ts';
import {frameFromGuest, sameBytes} from '../../peers/frames.ts';
import {CTRL, CTRL_STATUS, HASH} from '../../peers/net-control.ts';
import {RXF} from '../../peers/net-slots.ts';
import type {VifBackendStand} from '../../stand/vif-backend.ts';
import {ask, connectControl, controlOf, mustAnswer, pageOfWords, startHashing} from './control-ring.ts';

const {success, notSupported, invalid, overflow} = CTRL_STATUS;
/** Where the words of a slot are: of a request and of a response. */
const WORD = {idType: 0, status: 4, data: 8} as const;
const DATA = [4, 8, 12] as const;
const SLOTS = 128;
const NO_GRANT = 500;
/** XEN_NETIF_CTRLF_GREF_readonly */
const READONLY = 1;
const ALL_TYPES = HASH.ipv4 | HASH.ipv4Tcp | HASH.ipv6 | HASH.ipv6Tcp;
const MAX_U32 = 0xffff_ffff;

const saysYes = miswritesControl('answers that all went well', WORD.status, () => success);
const saysNo = miswritesControl('supports nothing', WORD.status, () => notSupported);

/** The hash that the backend names with a frame; undefined: none. */
const hashOf = async (stand: VifBackendStand, frame: Uint8Array): Promise<number | undefined> => {
  const {peer} = stand;
  peer.post(4);
  peer.pushRx();
  const [first, extra] = await stand.deliver(frame);
  stand.must(first !== undefined, 'a frame does not come', 'the frame');
  if ((first.flags & RXF.extra) === 0) return undefined;
  return extra.slot.getUint32(4, true);
};

/** Of a backend that keeps pages mapped: how lists of them are taken, and given back. */
const mustKeepGrants = async (stand: VifBackendStand, size: number): Promise<void> => {
  const control = controlOf(stand);
  const {peer} = stand;
  const before = stand.mappings;
  const mustMap = (count: number, why: string): void =>
    stand.must(stand.mappings - before === count, () => `${stand.mappings - before} pages stay mapped`, why);
  const frame = frameFromGuest(60);
  const page = peer.pageOf(frame);
  const {gref: list, bytes} = peer.page();
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, 4);
  words.set([page.gref, READONLY, NO_GRANT, 0]);
  await mustAnswer(stand, control, invalid, CTRL.addGrefs, 0, list, 2);
  mustMap(0, 'all or none');
  await mustAnswer(stand, control, success, CTRL.addGrefs, 0, list, 1);
  mustMap(1, 'the one of the list');
  peer.putTx({gref: page.gref, size: frame.length});
  stand.wire.take();
  await stand.exchange();
  stand.must(
    sameBytes(stand.wire.take().at(0)?.bytes, frame),
    'another frame, or none',
    'the page is good for requests',
  );
  const {data} = await mustAnswer(stand, control, success, CTRL.delGrefs, 0, list, 2);
  const statuses = [words[1] >>> 16, words[3] >>> 16];
  stand.must(data === 1, `${data} entries`, '1: the other was not there');
  stand.must(statuses.join() === `${success},${invalid}`, `statuses ${statuses.join()}`, 'each has its own');
  mustMap(0, 'the page is let go of');
  for (const [type, queue, entries] of [
    [CTRL.getGrefSize, 99, 0],
    [CTRL.addGrefs, 0, size + 1],
    [CTRL.delGrefs, 0, size + 1],
  ])
    await mustAnswer(stand, control, invalid, type, queue, list, entries);
};

const [vector] = hashVectors;

export const controlChecks: readonly Check[] = [
  ...(['ctrl-ring-ref', 'event-channel-ctrl'] as const).map((missing) =>
    check(
      'backend/vif',
      'NETIF-NEG-18',
      async (stand) => {
        await stand.attach({control: true});
        await stand.arrives(2);
        if ((await stand.back('feature-ctrl-ring')) !== '1') stand.inconclusive('the backend has no control ring');
        await stand.announce({[missing]: ''});
        const isUp = (await stand.reaches(4, 5, 6)) && (await stand.state) === 4;
        stand.must(!isUp, 'the backend is Connected', `there is no ${missing}: it refuses`);
        stand.must(stand.mappings === 0, () => `${stand.mappings} pages are mapped`, 'nothing of the guest is kept');
      },
      {
        variant: missing,
        mutants: [
          readsInstead('does not look at the control ring', /ctrl-ring-ref|event-channel-ctrl/, () => undefined),
        ],
      },
    ),
  ),
  check(
    'backend/vif',
    'NETIF-CTRL-01',
    async (stand) => {
      await connectControl(stand);
      const control = controlOf(stand);
      const ids = Array.from({length: SLOTS}, (_, i) => (i * 511 + 0xff00) & 0xffff);
      for (const id of ids) control.put({id, type: CTRL.getMappingSize, data: []});
      control.push();
      await stand.settle();
      const responses = control.take();
      stand.must(responses.length === SLOTS, `${responses.length} answers`, `${SLOTS}: one to each request`);
      const seen = new Set(responses.map(({id}) => id));
      stand.must(
        ids.every((id) => seen.has(id)),
        'an id is missing',
        'each id once',
      );
      const [{type, status, data}] = responses;
      stand.must(type === CTRL.getMappingSize, `type ${type}`, 'that of the request');
      stand.must(
        responses.every((each) => each.status === status && each.data === data),
        'answers differ',
        'the same answer to the same question',
      );
      control.put({id: 7, type: CTRL.getMappingSize, data: []});
      control.push();
      await stand.settle();
      stand.must(control.take().at(0)?.id === 7, 'no answer', 'the ring goes on');
    },
    {
      seeds: 1,
      mutants: [
        miswritesControl('answers with the lower byte of ids', WORD.idType, (word) => word & 0xffff00ff),
        miswritesControl('answers without the type', WORD.idType, (word) => word & 0xffff),
        misreadsControl('takes ids for 0', WORD.idType, (word) => word & 0xffff0000),
      ],
    },
  ),
  check(
    'frontend/vif',
    'NETIF-CTRL-01',
    async (stand) => {
      await stand.connect({front: {tuning: 'hash=1'}, offers: {'feature-ctrl-ring': '1'}});
      const server = await stand.meetControl();
      const start = server.cons;
      for (let round = 0; round < 8; round++) {
        await stand.settle(1e7);
        for (const {id, type} of server.take()) {
          stand.must(type >= CTRL.getFlags && type <= CTRL.delGrefs, `a request of type ${type}`, '1..10');
          server.respond({id, type, status: success, data: type === CTRL.getFlags ? ALL_TYPES : 0});
        }
        server.push();
      }
      stand.must(await stand.works(), 'a frame does not pass', 'frames pass meanwhile');
      const requests = (server.cons - start) >>> 0;
      stand.must(requests > 1, `${requests} requests`, 'the driver goes on after each answer');
    },
    {
      mutants: [
        miswritesControl('writes the id where the type belongs', WORD.idType, (word) => (word << 16) | (word >>> 16)),
        misreadsControl('takes answers for those to another id', WORD.idType, (word) => word + 1),
      ],
    },
  ),
  check(
    'backend/vif',
    'NETIF-CTRL-02',
    async (stand) => {
      await connectControl(stand);
      const control = controlOf(stand);
      for (const type of [0, 11, 12, 255, 256, 0xffff]) await mustAnswer(stand, control, notSupported, type);
      stand.must(await stand.serves(), 'a frame does not pass', 'the vif goes on');
    },
    {
      mutants: [
        saysYes,
        misreadsControl('takes any type for one that it knows', WORD.idType, (word) => (word & 0xffff) | (4 << 16)),
      ],
    },
  ),
  check(
    'backend/vif',
    'NETIF-CTRL-03',
    async (stand) => {
      await connectControl(stand);
      const control = controlOf(stand);
      const refuses = [invalid, notSupported];
      await mustAnswer(stand, control, refuses, CTRL.setFlags, HASH.ipv4);
      for (const algorithm of [2, 255, MAX_U32])
        await mustAnswer(stand, control, invalid, CTRL.setAlgorithm, algorithm);
      await mustAnswer(stand, control, success, CTRL.setAlgorithm, HASH.toeplitz);
      await mustAnswer(stand, control, success, CTRL.setFlags, HASH.ipv4);
      await mustAnswer(stand, control, success, CTRL.setAlgorithm, 0);
      await mustAnswer(stand, control, refuses, CTRL.setFlags, HASH.ipv4);
    },
    {mutants: [saysYes, saysNo]},
  ),
  check(
    'backend/vif',
    'NETIF-CTRL-04',
    async (stand) => {
      await connectControl(stand);
      const control = controlOf(stand);
      const early = await ask(stand, control, CTRL.getFlags);
      stand.must(early.status !== success, 'the types of no algorithm', 'no success before an algorithm is chosen');
      await mustAnswer(stand, control, success, CTRL.setAlgorithm, HASH.toeplitz);
      const {data} = await mustAnswer(stand, control, success, CTRL.getFlags);
      stand.must(data !== 0 && (data & ~ALL_TYPES) === 0, `types ${data}`, 'some of the four');
      await mustAnswer(stand, control, success, CTRL.setFlags, data);
    },
    {mutants: [saysYes, miswritesControl('names types that there are not', WORD.data, () => 0x1f)]},
  ),
  check(
    'backend/vif',
    'NETIF-CTRL-05',
    async (stand) => {
      await connectControl(stand);
      const control = controlOf(stand);
      await mustAnswer(stand, control, success, CTRL.setAlgorithm, HASH.toeplitz);
      for (const types of [16, 31, 2 ** 31, MAX_U32]) await mustAnswer(stand, control, invalid, CTRL.setFlags, types);
      await mustAnswer(stand, control, success, CTRL.setFlags, 0);
    },
    {
      mutants: [
        misreadsControl('looks at four bits of the types', DATA[0], (word, type) =>
          type === CTRL.setFlags ? word & 15 : word,
        ),
      ],
    },
  ),
  check(
    'backend/vif',
    'NETIF-CTRL-06',
    async (stand) => {
      await connectControl(stand);
      const control = controlOf(stand);
      await startHashing(stand, control, RSS_KEY);
      const {gref} = stand.peer.page();
      for (const bytes of [4096, 4097, MAX_U32])
        await mustAnswer(stand, control, [overflow, invalid], CTRL.setKey, gref, bytes);
      await mustAnswer(stand, control, invalid, CTRL.setKey, NO_GRANT, 40);
      const frame = flowFrame(vector);
      const kept = await hashOf(stand, frame);
      stand.must(kept === vector.portHash, `hash ${kept}`, `${vector.portHash}: the key is as before`);
      const short = RSS_KEY.slice();
      short.fill(0, 4);
      await mustAnswer(stand, control, success, CTRL.setKey, stand.peer.pageOf(short).gref, 40);
      const padded = await hashOf(stand, frame);
      await mustAnswer(stand, control, success, CTRL.setKey, stand.peer.pageOf(RSS_KEY).gref, 4);
      const cut = await hashOf(stand, frame);
      stand.must(cut === padded, `hash ${cut} of 4 bytes, ${padded} of the same with zeros`, 'the rest is 0');
      await mustAnswer(stand, control, success, CTRL.setKey, NO_GRANT, 0);
      const none = await hashOf(stand, frame);
      stand.must(none === 0, `hash ${none}`, '0: there is no key');
    },
    {
      mutants: [
        misreadsControl('takes any length of a key for 40', DATA[1], (word, type) =>
          type === CTRL.setKey ? 40 : word,
        ),
        saysYes,
      ],
    },
  ),
  check(
    'backend/vif',
    'NETIF-CTRL-07',
    async (stand) => {
      await connectControl(stand);
      const control = controlOf(stand);
      const {data: max} = await mustAnswer(stand, control, success, CTRL.getMappingSize);
      if (max === 0) stand.inconclusive('the backend has no mapping table');
      await mustAnswer(stand, control, success, CTRL.setMappingSize, max);
      for (const entries of [max + 1, MAX_U32]) await mustAnswer(stand, control, invalid, CTRL.setMappingSize, entries);
      await mustAnswer(stand, control, success, CTRL.setMappingSize, 0);
      await mustAnswer(stand, control, [invalid, overflow], CTRL.setMapping, pageOfWords(stand, 0), 1, 0);
    },
    {
      mutants: [
        misreadsControl('takes any size of the table for 1', DATA[0], (word, type) =>
          type === CTRL.setMappingSize ? 1 : word,
        ),
        miswritesControl('has a larger table than it says', WORD.data, (word) => word - 1),
      ],
    },
  ),
  check(
    'backend/vif',
    'NETIF-CTRL-11',
    async (stand) => {
      await connectControl(stand);
      const control = controlOf(stand);
      const {status, data} = await mustAnswer(stand, control, [success, notSupported], CTRL.getGrefSize, 0);
      if (status === success && data > 0) return mustKeepGrants(stand, data);
      stand.must(data === 0, `${data} entries`, '0: there are none');
      const list = pageOfWords(stand, stand.peer.page().gref, 0);
      for (const type of [CTRL.addGrefs, CTRL.delGrefs])
        await mustAnswer(stand, control, notSupported, type, 0, list, 1);
    },
    {mutants: [saysYes, keepsMappings]},
  ),
];
