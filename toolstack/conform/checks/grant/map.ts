import {check, type Check} from '../../check.ts';
import {
  alwaysWriting,
  callAnswers,
  clearsEarly,
  grantAnswers,
  hidesMappings,
  inGrants,
  keepsWriting,
  looksAgain,
  mapsSubPages,
  mapsType,
} from '../../mutants/grants.ts';
import {inHypervisor, instead} from '../../mutants/host.ts';
import {answersWith, mapsWritable} from '../../mutants/hypervisor.ts';
import type {Caller, HypervisorStand} from '../../stand/hypervisor.ts';
import {
  DOMID_SELF,
  ENTRIES_PER_FRAME,
  GNTCOPY,
  GNTMAP,
  GNTST,
  grant_table_op,
  GNTTABOP,
  GTF,
  MAX_FRAMES,
} from './numbers.ts';

const REF = 20;
const FRAME = 1000;
/** Mappings that a domain may have, by Xen's default. */
const MAX_HANDLES = 1024 * 512;

/** An entry for dom0. */
const grantToDom0 = (stand: HypervisorStand, granter: Caller, ref: number, flags: number = GTF.permit_access): void =>
  stand.setEntry(granter, ref, {flags, domid: 0, frame: FRAME + ref});

/** Words of a gnttab_copy of an x86_32 guest, from a grant of dom0's to a frame of its own. */
const copyWords = (ref: number, gfn: number, offset: number): number[] => [
  ref,
  0,
  gfn,
  DOMID_SELF | (offset << 16),
  64 | (GNTCOPY.source_gref << 16),
  0x7fff,
];

const statusIn = (words: Uint32Array, i: number): number => (words[i * 6 + 5] << 16) >> 16;

export const grantMapChecks: readonly Check[] = [
  check(
    'hypervisor',
    'GRANT-MAP-01',
    async (stand) => {
      const granter = await stand.guest();
      const {ops} = stand.dom0;
      const {domid} = granter;
      stand.setEntry(granter, REF, {flags: GTF.permit_access, domid: 0, frame: FRAME});
      stand.setEntry(granter, REF + 1, {flags: GTF.accept_transfer, domid: 0, frame: FRAME});
      stand.setEntry(granter, REF + 2, {flags: GTF.permit_access, domid: 7, frame: FRAME});
      const cases: [what: string, domid: number, ref: number, flags: number, status: number][] = [
        ['an unknown domain', 1000, REF, GNTMAP.host_map, GNTST.bad_domain],
        ['a reference beyond the table', domid, 0xffff_ffff, GNTMAP.host_map, GNTST.bad_gntref],
        ['neither host_map nor device_map', domid, REF, 0, GNTST.bad_gntref],
        ['an entry of another type', domid, REF + 1, GNTMAP.host_map, GNTST.general_error],
        ['an entry for another domain', domid, REF + 2, GNTMAP.host_map, GNTST.general_error],
      ];
      for (const [what, owner, ref, flags, status] of cases) {
        const result = ops.gnttabMap(owner, ref, flags);
        stand.must(result === status, `${what}: ${result}`, `${what}: ${status}`);
      }
    },
    {mutants: [answersWith(GNTST.bad_domain, GNTST.general_error), answersWith(GNTST.bad_gntref, GNTST.general_error)]},
  ),
  check(
    'hypervisor',
    'GRANT-MAP-02',
    async (stand) => {
      const granter = await stand.guest();
      const {ops} = stand.dom0;
      stand.setEntry(granter, REF, {flags: GTF.permit_access | GTF.readonly, domid: 0, frame: FRAME});
      stand.setEntry(granter, REF + 1, {flags: GTF.permit_access, domid: 0, frame: FRAME});
      const writable = ops.gnttabMap(granter.domid, REF, GNTMAP.host_map);
      stand.must(
        writable === GNTST.general_error,
        `a readonly grant maps for writing: ${writable}`,
        String(GNTST.general_error),
      );
      for (const ref of [REF, REF + 1]) {
        const handle = ops.gnttabMap(granter.domid, ref, GNTMAP.host_map | GNTMAP.readonly);
        stand.must(handle >= 0, `entry ${ref} maps for reading: ${handle}`, 'a handle');
      }
    },
    {mutants: [mapsWritable]},
  ),
  check(
    'hypervisor',
    'GRANT-MAP-01',
    async (stand) => {
      const granter = await stand.guest();
      const {ops} = stand.dom0;
      for (const ref of [REF, REF + 1, REF + 3]) grantToDom0(stand, granter, ref);
      const refs = Uint32Array.of(REF, REF + 1, REF + 2, REF + 3);
      const [handles, offsets] = [new Int32Array(4), new Float64Array(4)];
      const mapped = (): number => granter.domain.grants.pinned;
      const before = mapped();
      const result = ops.gnttabMapMany(granter.domid, refs, GNTMAP.host_map, handles, offsets, 0, 4);
      stand.must(result === GNTST.general_error, `a list with a bad third: ${result}`, String(GNTST.general_error));
      stand.must(mapped() === before, `${mapped() - before} pages stay mapped`, 'none of the list');
    },
    {
      variant: 'of a list',
      mutants: [
        {
          name: 'leaves the first of a list mapped',
          layer: () => ({
            ops: {
              gnttabMapMany: (real, granter, refs, flags, handles, offsets, at, count) => {
                const result = real(granter, refs, flags, handles, offsets, at, count);
                if (result < 0) real(granter, refs, flags, handles, offsets, at, 1);
                return result;
              },
            },
          }),
        },
      ],
    },
  ),
  check(
    'hypervisor',
    'GRANT-MAP-03',
    async (stand) => {
      const granter = await stand.guest();
      for (const flags of [GTF.permit_access | GTF.sub_page, GTF.transitive]) {
        grantToDom0(stand, granter, REF, flags);
        const result = stand.dom0.ops.gnttabMap(granter.domid, REF, GNTMAP.host_map | GNTMAP.readonly);
        stand.must(result === GNTST.general_error, `flags ${flags} map to ${result}`, String(GNTST.general_error));
      }
    },
    {mutants: [mapsSubPages, mapsType(GTF.transitive)]},
  ),
  check(
    'hypervisor',
    'GRANT-MAP-04',
    async (stand) => {
      const granter = await stand.guest();
      const handles = new Set<number>();
      for (let ref = REF; ref < REF + 40; ref++) {
        grantToDom0(stand, granter, ref);
        const readonly = ref % 2 === 0;
        const handle = stand.dom0.ops.gnttabMap(granter.domid, ref, GNTMAP.host_map | (readonly ? GNTMAP.readonly : 0));
        const due = GTF.permit_access | GTF.reading | (readonly ? 0 : GTF.writing);
        const flags = stand.flagsOf(granter, ref);
        stand.must(flags === due, `the owner sees flags ${flags}`, String(due));
        stand.must(handle >= 0 && !handles.has(handle), `handle ${handle} twice`, 'a handle of its own');
        handles.add(handle);
      }
    },
    {
      mutants: [
        hidesMappings,
        alwaysWriting,
        inGrants('gives handle 5 to all', 'map', (real, ...args) => Math.min(real(...args), 5)),
      ],
    },
  ),
  check(
    'hypervisor',
    'GRANT-MAP-05',
    async (stand) => {
      const granter = await stand.guest();
      const {ops} = stand.dom0;
      grantToDom0(stand, granter, REF);
      const mappings = [true, false, true, false].map((readonly) => ({
        readonly,
        handle: ops.gnttabMap(granter.domid, REF, GNTMAP.host_map | (readonly ? GNTMAP.readonly : 0)),
      }));
      stand.must(
        mappings.every(({handle}) => handle >= 0),
        () => `handles ${mappings.map(({handle}) => handle).join(' ')}`,
        'four handles',
      );
      while (mappings.length > 0) {
        const [{handle}] = mappings.splice(stand.choose(mappings.length), 1);
        ops.gnttabUnmap(handle);
        const isWritten = mappings.some(({readonly}) => !readonly);
        const due = GTF.permit_access | (mappings.length > 0 ? GTF.reading : 0) | (isWritten ? GTF.writing : 0);
        const flags = stand.flagsOf(granter, REF);
        stand.must(flags === due, `flags ${flags} with ${mappings.length} mappings left`, String(due));
      }
    },
    {orders: 24, mutants: [clearsEarly, keepsWriting]},
  ),
  check(
    'hypervisor',
    'GRANT-MAP-06',
    async (stand) => {
      const [granter, other] = [await stand.guest(), await stand.guest()];
      grantToDom0(stand, granter, REF);
      const first = stand.dom0.ops.gnttabMap(granter.domid, REF, GNTMAP.host_map);
      stand.setEntry(granter, REF, {
        flags: GTF.permit_access | GTF.reading | GTF.writing,
        domid: other.domid,
        frame: FRAME,
      });
      const result = other.ops.gnttabMap(granter.domid, REF, GNTMAP.host_map);
      stand.must(result === GNTST.general_error, `another domain maps it: ${result}`, String(GNTST.general_error));
      stand.dom0.ops.gnttabUnmap(first);
      const later = other.ops.gnttabMap(granter.domid, REF, GNTMAP.host_map);
      stand.must(later >= 0, `it maps to ${later} when nobody else has it`, 'a handle');
    },
    {mutants: [looksAgain, grantAnswers('map', 0, GNTST.general_error)]},
  ),
  check(
    'hypervisor',
    'GRANT-MAP-07',
    async (stand) => {
      const granter = await stand.guest();
      const {ops} = stand.dom0;
      grantToDom0(stand, granter, REF);
      const first = ops.gnttabMap(granter.domid, REF, GNTMAP.host_map);
      stand.setEntry(granter, REF, {flags: GTF.permit_access | GTF.reading | GTF.writing, domid: 0, frame: FRAME});
      const second = ops.gnttabMap(granter.domid, REF, GNTMAP.host_map);
      const frames = [first, second].map((handle) => ops.mappedOffset(handle) / 4096);
      stand.must(frames[1] === frames[0], `the second mapping shows frame ${frames[1]}`, `frame ${frames[0]}`);
    },
    {mutants: [looksAgain]},
  ),
  check(
    'hypervisor',
    'GRANT-MAP-09',
    async (stand) => {
      const caller = await stand.guest();
      const own = caller.ops.pages.alloc() ?? stand.inconclusive('no page is free');
      const dues = [0, 1, 0, 1, 1, 0].map((bad) => (bad === 1 ? GNTST.general_error : GNTST.okay));
      const structs = dues.flatMap((due, i) => {
        stand.setEntry(stand.dom0, REF + i, {
          flags: due === 0 ? GTF.permit_access : 0,
          domid: caller.domid,
          frame: FRAME,
        });
        return copyWords(REF + i, own, 64 * i);
      });
      const {result, words} = stand.call(caller, grant_table_op, GNTTABOP.copy, structs, dues.length);
      stand.must(result === 0, `the hypercall answers ${result}`, '0');
      for (const [i, due] of dues.entries()) {
        const status = statusIn(words, i);
        stand.must(status === due, `status of element ${i} is ${status}`, String(due));
      }
    },
    {
      abi: 'x86_32',
      mutants: [
        callAnswers(grant_table_op, GNTTABOP.copy, 0, GNTST.general_error),
        inHypervisor('fails all after one that failed', ({grants}) => {
          let failed = 0;
          instead(grants, 'copy', (real, ...args) => (failed = failed === 0 ? real(...args) : failed));
        }),
      ],
    },
  ),
  check(
    'hypervisor',
    'GRANT-MAP-10',
    async (stand) => {
      const granter = await stand.guest();
      const {grants, memory} = granter.domain;
      granter.ops.gnttabSetupTable(MAX_FRAMES);
      const entries = MAX_FRAMES * ENTRIES_PER_FRAME;
      for (let ref = REF; ref < entries; ref++) {
        const word = grants.entryWord(ref);
        memory.u32[word + 1] = FRAME;
        memory.u32[word] = GTF.permit_access;
      }
      // Past the recorder, which would note half a million steps.
      const {ops} = stand.rig.dom0;
      let mapped = 0;
      let result = 0;
      for (let ref = REF; mapped <= MAX_HANDLES && result >= 0; mapped++) {
        result = ops.gnttabMap(granter.domid, ref, GNTMAP.host_map);
        ref = ref === entries - 1 ? REF : ref + 1;
      }
      stand.must(result === GNTST.no_space, `mapping ${mapped} answers ${result}`, String(GNTST.no_space));
      ops.gnttabUnmap(100);
      const again = ops.gnttabMap(granter.domid, REF, GNTMAP.host_map);
      stand.must(again === 100, `after an unmap it maps to ${again}`, 'the handle that is free');
    },
    {seeds: 1, mutants: [grantAnswers('map', GNTST.no_space, GNTST.general_error)]},
  ),
  check(
    'hypervisor',
    'GRANT-MAP-12',
    async (stand) => {
      const granter = await stand.guest();
      const {ops} = stand.dom0;
      for (const flags of [0, GTF.accept_transfer, GTF.transitive, GTF.permit_access | GTF.readonly]) {
        grantToDom0(stand, granter, REF, flags);
        const mapped = ops.gnttabMap(granter.domid, REF, GNTMAP.host_map);
        stand.must(mapped < 0, `flags ${flags} map to ${mapped}`, 'a failure is below 0');
        const copied = ops.gnttabCopy(0, FRAME, 0, granter.domid, REF, 0, 8, GNTCOPY.dest_gref);
        stand.must(copied < 0, `a copy with flags ${flags} answers ${copied}`, 'a failure is below 0');
      }
      for (const [domid, ref] of [
        [1000, REF],
        [granter.domid, 0xffff_ffff],
      ]) {
        const mapped = ops.gnttabMap(domid, ref, GNTMAP.host_map);
        stand.must(mapped < 0, `reference ${ref} of domain ${domid} maps to ${mapped}`, 'a failure is below 0');
      }
    },
    {mutants: [grantAnswers('map', GNTST.general_error, 1), grantAnswers('copy', GNTST.general_error, 1)]},
  ),
];
