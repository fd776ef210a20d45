import {check, type Check} from '../../check.ts';
import {
  clearsEarly,
  copyClearsFlags,
  grantAnswers,
  inGrants,
  keepsWriting,
  neverClears,
  unmapsOthers,
} from '../../mutants/grants.ts';
import {inHypervisor, instead} from '../../mutants/host.ts';
import {keepsMappings} from '../../mutants/leaks.ts';
import {DOMID_SELF, GNTCOPY, GNTMAP, GNTST, GTF} from './numbers.ts';

const REF = 20;
const FRAME = 1000;
const STEPS = 12;
const FILL = 0x6b;

export const grantUnmapChecks: readonly Check[] = [
  check(
    'hypervisor',
    'GRANT-UNM-01',
    async (stand) => {
      const granter = await stand.guest();
      const {ops} = stand.dom0;
      stand.setEntry(granter, REF, {flags: GTF.permit_access, domid: 0, frame: FRAME});
      const [gone, kept] = [0, 1].map(() => ops.gnttabMap(granter.domid, REF, GNTMAP.host_map));
      stand.must(ops.gnttabUnmap(gone) === 0, 'the first unmap fails', '0');
      for (const handle of [gone, 300_000, 0x7fff_ffff, -1]) {
        const result = ops.gnttabUnmap(handle);
        stand.must(result === GNTST.bad_handle, `unmap of ${handle} answers ${result}`, String(GNTST.bad_handle));
        const flags = stand.flagsOf(granter, REF);
        stand.must(flags === 25, `the other mapping's flags are ${flags}`, 'it stays mapped');
      }
      stand.must(ops.gnttabUnmap(kept) === 0, 'the other mapping is gone', 'it stays mapped');
    },
    {
      mutants: [
        grantAnswers('unmap', GNTST.bad_handle, 0),
        inHypervisor('unmaps the last handle in place of an unknown one', ({grants}) => {
          instead(grants, 'unmap', (real, caller, handle) => {
            const result = real(caller, handle);
            if (result < 0) real(caller, [...caller.maptrack.live()].at(-1) ?? -1);
            return result;
          });
        }),
      ],
    },
  ),
  check(
    'hypervisor',
    'GRANT-UNM-04',
    async (stand) => {
      const granter = await stand.guest();
      const {ops, domid} = stand.dom0;
      stand.setEntry(granter, REF, {flags: GTF.permit_access, domid, frame: FRAME});
      const live: {handle: number; writes: boolean}[] = [];
      for (let step = 0; step < STEPS; step++) {
        const kind = stand.choose(4);
        if (kind === 0 && live.length > 0) {
          const [{handle}] = live.splice(stand.choose(live.length), 1);
          stand.must(ops.gnttabUnmap(handle) === 0, `unmap of ${handle} fails`, 'it is mapped');
        } else if (kind === 1) {
          ops.gnttabCopy(granter.domid, REF, 0, DOMID_SELF, FRAME, 0, 64, GNTCOPY.source_gref);
        } else {
          const [how, writes] = kind === 2 ? [GNTMAP.device_map, true] : [GNTMAP.host_map | GNTMAP.readonly, false];
          live.push({handle: ops.gnttabMap(granter.domid, REF, how), writes});
        }
        const due =
          GTF.permit_access | (live.length > 0 ? GTF.reading : 0) | (live.some(({writes}) => writes) ? GTF.writing : 0);
        const flags = stand.flagsOf(granter, REF);
        stand.must(flags === due, `flags ${flags} with ${live.length} mappings`, String(due));
      }
    },
    {seeds: 8, mutants: [clearsEarly, keepsWriting, neverClears, copyClearsFlags]},
  ),
  check(
    'hypervisor',
    'GRANT-UNM-06',
    async (stand) => {
      const [granter, other] = [await stand.guest(), await stand.guest()];
      stand.setEntry(granter, REF, {flags: GTF.permit_access, domid: 0, frame: FRAME});
      const handle = stand.dom0.ops.gnttabMap(granter.domid, REF, GNTMAP.host_map);
      for (const caller of [other, granter]) {
        const result = caller.ops.gnttabUnmap(handle);
        stand.must(result === GNTST.bad_handle, `d${caller.domid} unmaps it: ${result}`, String(GNTST.bad_handle));
      }
      stand.must(stand.flagsOf(granter, REF) === 25, 'the mapping is gone', 'it stays mapped');
    },
    {mutants: [unmapsOthers]},
  ),
  check(
    'hypervisor',
    'GRANT-UNM-07',
    async (stand) => {
      const [granter, mapper] = [await stand.guest(), await stand.guest()];
      for (let ref = REF; ref < REF + 5; ref++) {
        stand.setEntry(granter, ref, {flags: GTF.permit_access, domid: mapper.domid, frame: FRAME + ref});
        mapper.ops.gnttabMap(granter.domid, ref, GNTMAP.host_map);
      }
      stand.kill(mapper);
      for (let ref = REF; ref < REF + 5; ref++) {
        const flags = stand.flagsOf(granter, ref);
        stand.must(flags === GTF.permit_access, `flags of entry ${ref} are ${flags}`, 'its mapper is dead');
      }
    },
    {variant: 'mapper', mutants: [inGrants('leaves mappings of the dead', 'unmapAll', () => undefined)]},
  ),
  check(
    'hypervisor',
    'GRANT-UNM-07',
    async (stand) => {
      const granter = await stand.guest();
      const {ops} = stand.dom0;
      granter.memory.u8.fill(FILL, FRAME * 4096, (FRAME + 1) * 4096);
      stand.setEntry(granter, REF, {flags: GTF.permit_access, domid: 0, frame: FRAME});
      const handle = ops.gnttabMap(granter.domid, REF, GNTMAP.host_map);
      stand.kill(granter);
      const at = ops.mappedOffset(handle);
      const bytes = ops.mappedMemory(handle).u8.subarray(at, at + 4096);
      stand.must(
        bytes.every((byte) => byte === FILL),
        'the page has other bytes',
        'it is kept while it is mapped',
      );
      stand.must(stand.rig.xen.domain(granter.domid) !== undefined, 'the domain is gone', 'it waits for its page');
      stand.must(ops.gnttabUnmap(handle) === 0, 'unmap fails', '0');
      // Others have pages of it, too: the store its ring.
      const {domain} = granter;
      stand.rig.store.domainGone(granter.domid);
      await stand.settle();
      stand.must(domain.grants.pinned === 0, () => `${domain.grants.pinned} pages are mapped`, 'none');
      stand.must(stand.rig.xen.domain(granter.domid) === undefined, 'the domain is still there', 'it is gone');
    },
    {
      variant: 'granter',
      mutants: [
        inHypervisor('wipes the dead at once', (xen) =>
          instead(xen, 'destroy', (real, domain) => {
            real(domain);
            domain.memory.u8.fill(0);
          }),
        ),
        grantAnswers('unmap', 0, GNTST.bad_handle),
      ],
    },
  ),
  check(
    'backend/vbd',
    'GRANT-UNM-09',
    async (stand) => {
      await stand.connect();
      stand.must(await stand.serves(), 'a read is not answered', 'the disk is served');
      let left: number | undefined;
      stand.store.onWrite = ({path, value}) => {
        if (path === `${stand.backPath(stand.devid)}/state` && value === '6') left = stand.mappings;
      };
      await stand.setState(5);
      await stand.settle();
      await stand.setState(6);
      await stand.arrives(6);
      stand.must(left === 0, `${left} pages are mapped when it says Closed`, 'none');
    },
    {mutants: [keepsMappings]},
  ),
];
