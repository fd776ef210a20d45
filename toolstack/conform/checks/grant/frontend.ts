import {check, type Check} from '../../check.ts';
import {grantsForWriting, livesTooEarly, takesBackAnyway, triesOnce} from '../../mutants/grantor.ts';
import {readsInstead} from '../../mutants/store.ts';
import {watchEntries} from '../../seam/entry-spy.ts';
import type {VbdFrontendStand} from '../../stand/vbd-frontend.ts';
import {GTF} from './numbers.ts';

const SECTOR_BYTES = 512;
const SECRET_FREE = 0;
const PAYLOAD = 0x11;
const TYPE_MASK = 3;

interface Stuck {
  readonly gref: number;
  readonly gfn: number;
  readonly handle: number;
}

const entryOf = ({guest}: VbdFrontendStand, gref: number): {flags: number; gfn: number} => {
  const {grants, memory} = guest.domain;
  const word = grants.entryWord(gref);
  return {flags: memory.u32[word] & 0xffff, gfn: memory.u32[word + 1]};
};

/** Answers a read whose page it keeps mapped. */
const keepMapped = async (stand: VbdFrontendStand): Promise<Stuck> => {
  const peer = await stand.connect();
  stand.ask(1);
  await stand.settle();
  const [request] = peer.take();
  if (request === undefined) stand.inconclusive('it asks nothing');
  const [{gref}] = request.segments;
  const {gfn} = entryOf(stand, gref);
  const handle = peer.map(gref);
  if (handle < 0) stand.inconclusive(`its page maps to ${handle}`);
  peer.serve(request, 0);
  peer.push();
  await stand.settle();
  return {gref, gfn, handle};
};

/** What the frontend asks after that, and what its kernel has to give: none may be the page. */
const pagesInUse = async (stand: VbdFrontendStand): Promise<{gfns: number[]; grefs: number[]}> => {
  stand.ask(8);
  await stand.settle();
  const grefs = stand.peer.take().flatMap(({segments}) => segments.map(({gref}) => gref));
  const gfns = grefs.map((gref) => entryOf(stand, gref).gfn);
  const {pages, grantor} = stand.guest.ops;
  for (let gfn = pages.alloc(); gfn !== undefined; gfn = pages.alloc()) {
    gfns.push(gfn);
    grefs.push(grantor.grantAccess(0, gfn, true));
  }
  return {gfns, grefs};
};

export const grantFrontendChecks: readonly Check[] = [
  check(
    'frontend/vbd',
    'GRANT-TBL-06',
    async (stand) => {
      let late = 0;
      const {memory, grants} = stand.guest.domain;
      watchEntries(stand.guest.domain, (ref, word) => {
        if (word === 1 && (memory.u32[grants.entryWord(ref)] & TYPE_MASK) !== 0) late++;
      });
      await stand.connect();
      for (let i = 0; i < 4; i++) stand.must(await stand.reads(), 'a read fails', 'reads are done');
      stand.must(late === 0, `the frame of a live entry is written ${late} times`, 'flags are written last');
    },
    {mutants: [livesTooEarly]},
  ),
  check(
    'frontend/vbd',
    'GRANT-TBL-07',
    async (stand) => {
      const {gref} = await keepMapped(stand);
      const {flags} = entryOf(stand, gref);
      stand.must(
        (flags & TYPE_MASK) === GTF.permit_access && (flags & GTF.reading) !== 0,
        `flags of a mapped entry are ${flags}`,
        'an entry is not cleared while it is read or written',
      );
    },
    {mutants: [takesBackAnyway]},
  ),
  check(
    'frontend/vbd',
    'GRANT-TBL-08',
    async (stand) => {
      const {gfn} = await keepMapped(stand);
      const {gfns} = await pagesInUse(stand);
      stand.must(!gfns.includes(gfn), `frame ${gfn} is used again`, 'a page that is mapped stays out of use');
    },
    {mutants: [takesBackAnyway]},
  ),
  check(
    'frontend/vbd',
    'GRANT-TBL-09',
    async (stand) => {
      const {gref, gfn, handle} = await keepMapped(stand);
      stand.peer.disconnect();
      await stand.setState(6);
      await stand.removeDevice(stand.devid);
      await stand.settle(2e9);
      stand.peer.unmap(handle);
      const isFreed = await stand.until(() => entryOf(stand, gref).flags === 0);
      stand.must(isFreed, () => `flags are ${entryOf(stand, gref).flags}`, 'the grant ends once it is unmapped');
      const {gfns} = await pagesInUse(stand);
      stand.must(gfns.includes(gfn), `frame ${gfn} is lost`, 'its page is free then');
    },
    {mutants: [triesOnce]},
  ),
  check(
    'frontend/vbd',
    'GRANT-TBL-12',
    async (stand) => {
      const {gref} = await keepMapped(stand);
      const {grefs} = await pagesInUse(stand);
      stand.must(!grefs.includes(gref), `reference ${gref} is given again`, 'it is not free while it is mapped');
    },
    {mutants: [takesBackAnyway]},
  ),
  check(
    'frontend/vbd',
    'GRANT-TBL-13',
    async (stand) => {
      const peer = await stand.connect();
      const written = stand.disk.write(0, new Uint8Array(4096 * 3)).catch(() => undefined);
      await stand.settle();
      const requests = peer.take();
      const grefs = requests.flatMap(({segments}) => segments.map(({gref}) => gref));
      if (grefs.length === 0) stand.inconclusive('it writes no pages');
      for (const gref of grefs) {
        const {flags} = entryOf(stand, gref);
        stand.must((flags & GTF.readonly) !== 0, `flags of a page to be written are ${flags}`, 'readonly');
      }
      for (const request of requests) peer.serve(request, 0);
      peer.push();
      await stand.within(written, 'a write that was answered is done');
    },
    {mutants: [grantsForWriting]},
  ),
  check(
    'frontend/vbd',
    'GRANT-TBL-14',
    async (stand) => {
      const peer = await stand.connect({}, {front: {trusted: '0'}});
      stand.must(await stand.reads(), 'a read fails', 'reads are done');
      stand.disk.write(0, new Uint8Array(SECTOR_BYTES).fill(PAYLOAD)).catch(() => undefined);
      await stand.settle();
      const segment = peer.take().at(0)?.segments.at(0);
      const bytes = segment === undefined ? undefined : peer.bytesOf(segment.gref);
      if (segment === undefined || bytes === undefined) return stand.inconclusive('it writes no page');
      const [from, to] = [segment.first * SECTOR_BYTES, (segment.last + 1) * SECTOR_BYTES];
      const neighbour = bytes.find((byte, i) => (i < from || i >= to) && byte !== SECRET_FREE);
      stand.must(neighbour === undefined, `a byte ${neighbour} lies beside the payload`, 'nothing else is in the page');
    },
    {mutants: [readsInstead('takes every backend for trusted', 'trusted', () => undefined)]},
  ),
];
