import {check, type Check} from '../check.ts';
import {misreadsWord, SLOT} from '../mutants/blkif.ts';
import {keepsGrants, keepsMappings, keepsPorts} from '../mutants/leaks.ts';
import {frontWords, ignoresImpossible} from '../mutants/ring.ts';
import {deafAfterEvents} from '../mutants/attacks.ts';
import {frontState, readsInstead} from '../mutants/store.ts';

const FLIPS = 100;
const WRITES = 500;
const EVENTS = 2000;
const SLOTS = 32;
const PAGE_BYTES = 4096;
const SECRET = 0x5e;

const outstanding = (page: Uint32Array, answered: number): number => (page[0] - answered) >>> 0;

export const blockConnectionAttacks: readonly Check[] = [
  check(
    'backend/vbd',
    'XSA-332',
    async (stand) => {
      const peer = await stand.connect();
      for (let i = 0; i < EVENTS; i++) {
        peer.notify();
        if (i % 100 === 0) await stand.settle(1);
      }
      stand.must(await stand.serves(), 'a read is not answered', 'it is, once the flood is over');
      stand.must(peer.events <= 3, `${peer.events} events came back`, 'events without requests bring nothing about');
    },
    {seeds: 1, mutants: [deafAfterEvents(10)]},
  ),
  check(
    'backend/vbd',
    'XSA-349',
    async (stand) => {
      await stand.connect();
      for (let i = 0; i < WRITES; i++)
        void stand.guest.xs.write(`${stand.frontPath(stand.devid)}/state`, '4').catch(() => undefined);
      await stand.settle();
      stand.must(await stand.serves(), 'a read is not answered', 'service goes on');
      await stand.setState(6);
      stand.must(await stand.reaches(6), `the backend is in state ${await stand.state}`, 'the last state counts');
    },
    {
      seeds: 1,
      mutants: [readsInstead('stops to look after 10 times', frontState, (value, nth) => (nth > 10 ? '4' : value))],
    },
  ),
  check(
    'backend/vbd',
    'XSA-350',
    async (stand) => {
      await stand.connect();
      const path = `${stand.frontPath(stand.devid)}/state`;
      const before = stand.portsOf(stand.rig.dom0);
      for (let i = 0; i < FLIPS; i++) {
        void stand.guest.xs.write(path, ['6', '1', '3', '4'][i % 4]).catch(() => undefined);
        // No step at all, or some.
        if (stand.choose(3) > 0) await stand.settle(stand.choose(3));
      }
      await stand.settle();
      await stand.setState(6);
      await stand.settle();
      stand.must(stand.mappings === 0, () => `${stand.mappings} pages are mapped`, 'nothing is left after Closed');
      await stand.setState(1);
      stand.must(
        await stand.reaches(2),
        `the backend is in state ${await stand.state}`,
        'a clean connection can be made',
      );
      stand.newPeer();
      await stand.meet();
      stand.must(await stand.serves(), 'a read is not answered', 'a clean connection works');
      stand.must(stand.mappings === 1, () => `${stand.mappings} pages are mapped`, 'those of one connection');
      const ports = stand.portsOf(stand.rig.dom0);
      stand.must(ports === before, `${ports} ports are in use, ${before} before`, 'those of one connection');
    },
    {seeds: 4, mutants: [keepsMappings, keepsPorts]},
  ),
  check(
    'frontend/vbd',
    'XSA-376',
    async (stand) => {
      const peer = await stand.connect();
      stand.ask(2);
      await stand.settle();
      const [first] = peer.take();
      const deed = stand.choose(5);
      if (deed === 0) peer.respond(first.id, 255);
      if (deed === 1) for (let i = 0; i < 2; i++) peer.respond(first.id, first.operation);
      if (deed === 2) peer.respond(0xffff_ffff_ffff_ffffn, first.operation);
      if (deed === 3) peer.ring.bytes.fill(0xff, 16);
      if (deed === 4) peer.rspProd += SLOTS + 1;
      if (deed === 3) peer.rspProd += 1;
      peer.publish();
      peer.notify();
      await stand.settle();
      stand.must(stand.guestLives, 'the guest has crashed', 'only the device is lost');
      stand.must(await stand.isDisabled(), 'the device goes on', 'it is disabled');
    },
    {
      orders: 5,
      mutants: [
        ignoresImpossible(frontWords, outstanding),
        misreadsWord('takes any operation for a read', SLOT.responseStatus, (word) => word & ~0xff),
      ],
    },
  ),
  check(
    'frontend/vbd',
    'XSA-391',
    async (stand) => {
      const peer = await stand.connect();
      const {accesses, stop} = stand.spy.record();
      for (let i = 0; i < EVENTS; i++) {
        peer.notify();
        if (i % 100 === 0) await stand.settle(1);
      }
      stop();
      stand.must(
        accesses.length <= 10 * EVENTS,
        `${accesses.length} looks at the ring for ${EVENTS} events`,
        'an event that says nothing costs little',
      );
      stand.must(stand.guestLives && (await stand.reads()), 'a read failed', 'no event is lost later');
    },
    {seeds: 1, mutants: [deafAfterEvents(10)]},
  ),
  check(
    'frontend/vbd',
    'XSA-396',
    async (stand) => {
      const peer = await stand.connect();
      stand.ask(1);
      await stand.settle();
      const [request] = peer.take();
      const [{gref}] = request.segments;
      const handle = peer.map(gref);
      peer.respond(request.id, request.operation);
      peer.push();
      await stand.settle();
      stand.must(stand.guestLives, 'the guest has crashed', 'no assertion: only the device is lost');
      stand.must(await stand.isDisabled(), 'the device goes on', 'a page that is kept mapped is not used again');
      await stand.settle(20e9);
      stand.must(peer.bytesOf(gref) !== undefined, 'the grant has been taken back', 'not while the page is mapped');
      peer.unmap(handle);
      peer.disconnect();
      await stand.setState(6);
      await stand.settle(20e9);
      stand.must(peer.bytesOf(gref) === undefined, 'the page is granted for ever', 'it comes back when it was let go');
    },
    {mutants: [keepsGrants]},
  ),
  check(
    'frontend/vbd',
    'XSA-403',
    async (stand) => {
      const peer = await stand.connect({}, {front: {trusted: '0'}});
      for (const [length, value] of [
        [PAGE_BYTES, SECRET],
        [512, 0x11],
      ]) {
        const done = stand.disk.write(0, new Uint8Array(length).fill(value));
        await stand.settle();
        const [request] = peer.take();
        const bytes = peer.bytesOf(request.segments[0].gref);
        stand.must(
          bytes?.every((byte, i) => byte === (i < length ? value : 0)) === true,
          'the page has bytes of an earlier request',
          'payload or 0',
        );
        peer.serve(request, 0);
        peer.push();
        await stand.within(done, 'the write ends');
      }
    },
    {mutants: [readsInstead('does not look at trusted', 'trusted', () => '1')]},
  ),
];
