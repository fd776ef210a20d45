import {check, type Check} from '../../check.ts';
import {
  alwaysWriting,
  clearsCacheFlags,
  hidesMappings,
  inGrants,
  mapsSubPages,
  mapsType,
} from '../../mutants/grants.ts';
import {inEachDomain, instead} from '../../mutants/host.ts';
import {setUpTable} from './set-up-table.ts';
import {ENTRIES_PER_FRAME, GNTMAP, GNTST, GTF, PAGE_BYTES} from './numbers.ts';

const REF = 20;
const FRAME = 1000;
const HVM_PARAM_STORE_PFN = 1;
const HVM_PARAM_CONSOLE_PFN = 17;
const FIRST_FREE_REF = 8;

/** Flags of an entry, how it is mapped, and the flags that the owner sees then; undefined: it is refused. */
const flagCases: readonly (readonly [flags: number, how: number, seen: number | undefined])[] = [
  [GTF.permit_access, 0, GTF.permit_access | GTF.reading | GTF.writing],
  [GTF.permit_access, GNTMAP.readonly, GTF.permit_access | GTF.reading],
  [GTF.permit_access | GTF.readonly, GNTMAP.readonly, GTF.permit_access | GTF.readonly | GTF.reading],
  [GTF.permit_access | GTF.readonly, 0, undefined],
  [GTF.permit_access | GTF.PWT | GTF.PCD | GTF.PAT, 0, 0xe0 | GTF.permit_access | GTF.reading | GTF.writing],
  [GTF.permit_access | GTF.sub_page, 0, undefined],
];

const entriesOf16Bytes = inEachDomain('has entries of 16 bytes', ({grants}) =>
  instead(grants, 'entryWord', (real, ref) => real(ref - (ref % ENTRIES_PER_FRAME)) + (ref % ENTRIES_PER_FRAME) * 4),
);

export const grantTableChecks: readonly Check[] = [
  check(
    'hypervisor',
    'GRANT-TBL-01',
    async (stand) => {
      const [granter, mapper] = [await stand.guest(), await stand.guest()];
      const frames = setUpTable(stand, granter, 2);
      const {memory, domid} = granter;
      const view = new DataView(memory.u8.buffer, memory.u8.byteOffset);
      for (const [i, ref] of [9, 100, 511, 512, 1023].entries()) {
        const at = frames[Math.floor(ref / ENTRIES_PER_FRAME)] * PAGE_BYTES + (ref % ENTRIES_PER_FRAME) * 8;
        const frame = FRAME + i;
        view.setUint32(at + 4, frame, true);
        view.setUint16(at + 2, mapper.domid, true);
        view.setUint16(at, GTF.permit_access, true);
        const handle = mapper.ops.gnttabMap(domid, ref, GNTMAP.host_map);
        stand.must(handle >= 0, `entry ${ref} maps to ${handle}`, 'a handle');
        const seen = mapper.ops.mappedOffset(handle) / PAGE_BYTES;
        stand.must(seen === frame, `entry ${ref} shows frame ${seen}`, `frame ${frame}`);
        const flags = view.getUint16(at, true);
        stand.must(flags === 25, `flags of entry ${ref} are ${flags}`, 'reading and writing in u16@0');
      }
    },
    {abi: 'x86_32', mutants: [entriesOf16Bytes, hidesMappings]},
  ),
  check(
    'hypervisor',
    'GRANT-TBL-03',
    async (stand) => {
      const granter = await stand.guest();
      for (const type of [0, GTF.permit_access, GTF.accept_transfer, GTF.transitive]) {
        stand.setEntry(granter, REF + type, {flags: type, domid: 0, frame: FRAME});
        const result = stand.dom0.ops.gnttabMap(granter.domid, REF + type, GNTMAP.host_map);
        const due = type === GTF.permit_access ? 'a handle' : String(GNTST.general_error);
        const holds = type === GTF.permit_access ? result >= 0 : result === GNTST.general_error;
        stand.must(holds, `an entry of type ${type} maps to ${result}`, due);
      }
    },
    {mutants: [mapsType(0), mapsType(GTF.accept_transfer), mapsType(GTF.transitive)]},
  ),
  check(
    'hypervisor',
    'GRANT-TBL-04',
    async (stand) => {
      const granter = await stand.guest();
      for (const [i, [flags, how, due]] of flagCases.entries()) {
        stand.setEntry(granter, REF + i, {flags, domid: 0, frame: FRAME});
        const handle = stand.dom0.ops.gnttabMap(granter.domid, REF + i, GNTMAP.host_map | how);
        stand.must(
          handle >= 0 === (due !== undefined),
          `flags ${flags} map to ${handle}`,
          due === undefined ? 'refused' : 'a handle',
        );
        const seen = stand.flagsOf(granter, REF + i);
        stand.must(seen === (due ?? flags), `flags ${flags} are ${seen} when mapped`, String(due ?? flags));
      }
    },
    {mutants: [alwaysWriting, clearsCacheFlags, mapsSubPages]},
  ),
  check(
    'hypervisor',
    'GRANT-TBL-05',
    async (stand) => {
      const guest = await stand.guest();
      for (const [ref, param] of [
        [0, HVM_PARAM_CONSOLE_PFN],
        [1, HVM_PARAM_STORE_PFN],
      ]) {
        const handle = stand.dom0.ops.gnttabMap(guest.domid, ref, GNTMAP.host_map);
        stand.must(handle >= 0, `entry ${ref} maps to ${handle}`, 'console and store are granted to dom0');
        const frame = stand.dom0.ops.mappedOffset(handle) / PAGE_BYTES;
        const due = guest.ops.hvmParam(param);
        stand.must(frame === due, `entry ${ref} is of frame ${frame}`, `frame ${due}`);
      }
      const gfn = guest.ops.pages.alloc() ?? stand.inconclusive('no page is free');
      const ref = guest.ops.grantor.grantAccess(0, gfn, false);
      stand.must(ref >= FIRST_FREE_REF, `a kernel takes reference ${ref}`, 'those below 8 are reserved');
    },
    {
      mutants: [
        inGrants('takes console for store', 'map', (real, caller, domid, ref, flags) =>
          real(caller, domid, ref < 2 ? 1 - ref : ref, flags),
        ),
        {name: 'takes reserved references', layer: () => ({grantor: {grantAccess: () => FIRST_FREE_REF - 1}})},
      ],
    },
  ),
];
