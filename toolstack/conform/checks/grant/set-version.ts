import {check, type Check} from '../../check.ts';
import {callAnswers, grantAnswers} from '../../mutants/grants.ts';
import {dropsReserved, forgetsUse, keepsEntries, swapsNothing, takesSecondWord} from '../../mutants/grants-version2.ts';
import type {Caller, HypervisorStand} from '../../stand/hypervisor.ts';
import {DOMID_SELF, ENTRIES_PER_FRAME, GNTMAP, GNTST, grant_table_op, GNTTABOP, GTF, PAGE_BYTES} from './numbers.ts';
import {setVersion, useVersion2} from './version2-guest.ts';

const EBUSY = 16;
const ERANGE = 34;
const ENOSYS = 38;
const REF = 20;
const FRAME = 1000;
const OWN = 900;
const RESERVED = 5;
const FIRST_FREE = 8;

const access = (domid: number): {flags: number; domid: number; frame: number} => ({
  flags: GTF.permit_access,
  domid,
  frame: FRAME,
});

const mustSet = (stand: HypervisorStand, caller: Caller, version: number, due: number, why: string): void => {
  const result = setVersion(stand, caller, version);
  stand.must(result === due, `version ${version}: ${result}`, `${due}: ${why}`);
};

/** Grants a page, has it used by the peer in both ways, takes it back. */
const mustShare = (stand: HypervisorStand, granter: Caller, mapper: Caller, what: string): void => {
  const gfn = granter.ops.pages.alloc() ?? stand.inconclusive('no page is free');
  granter.memory.u8.fill(0x5a, gfn * PAGE_BYTES, (gfn + 1) * PAGE_BYTES);
  const {grantor} = granter.ops;
  const ref = grantor.grantAccess(mapper.domid, gfn, false);
  const handle = mapper.ops.gnttabMap(granter.domid, ref, GNTMAP.host_map);
  stand.must(handle >= 0, `${what}: a map answers ${handle}`, 'a handle');
  const seen = mapper.ops.mappedOffset(handle) / PAGE_BYTES;
  stand.must(seen === gfn, `${what}: frame ${seen} is mapped`, `frame ${gfn}`);
  stand.must(!grantor.endAccess(ref), `${what}: the owner takes it back`, 'not while it is mapped');
  mapper.ops.gnttabUnmap(handle);
  const own = mapper.ops.pages.alloc() ?? stand.inconclusive('no page is free');
  const copied = mapper.ops.gnttabCopy(granter.domid, ref, 0, DOMID_SELF, own, 0, 64, 1);
  stand.must(copied === 0, `${what}: a copy answers ${copied}`, '0');
  stand.must(mapper.memory.u8[own * PAGE_BYTES] === 0x5a, `${what}: other bytes`, "the page's");
  stand.must(grantor.endAccess(ref), `${what}: the owner cannot take it back`, 'when nobody has it');
};

export const setVersionChecks: readonly Check[] = [
  check(
    'hypervisor',
    'GRANT-VER-02',
    async (stand) => {
      const guest = await stand.guest();
      stand.setEntry(guest, REF, access(0));
      const handle = stand.dom0.ops.gnttabMap(guest.domid, REF, GNTMAP.host_map);
      mustSet(stand, guest, 2, -EBUSY, `entry ${REF} is mapped`);
      mustSet(stand, guest, 1, 0, 'it stays what it is');
      stand.dom0.ops.gnttabUnmap(handle);
      const granter = useVersion2(stand, guest);
      granter.set(REF, access(0));
      stand.dom0.ops.gnttabMap(guest.domid, REF, GNTMAP.host_map);
      mustSet(stand, guest, 1, -EBUSY, `entry ${REF} is mapped`);
      stand.must(granter.flags(REF) === GTF.permit_access, 'its entries are gone', 'nothing has changed');
    },
    {
      abi: 'x86_32',
      mutants: [callAnswers(grant_table_op, GNTTABOP.set_version, -EBUSY, 0), grantAnswers('setVersion', -EBUSY, -22)],
    },
  ),
  check(
    'hypervisor',
    'GRANT-VER-03',
    async (stand) => {
      const guest = await stand.guest();
      const granter = useVersion2(stand, guest);
      const bad = [
        {...access(0), high: 1},
        {flags: GTF.transitive, domid: 0, second: 0, frame: 9},
      ];
      for (const entry of bad) {
        granter.set(RESERVED, entry);
        mustSet(stand, guest, 1, -ERANGE, 'a reserved entry cannot be told in version 1');
        mustSet(stand, guest, 2, 0, 'it stays what it is');
      }
      granter.set(RESERVED, access(0));
      mustSet(stand, guest, 1, 0, 'all reserved entries can be told');
    },
    {
      abi: 'x86_32',
      mutants: [
        callAnswers(grant_table_op, GNTTABOP.set_version, -ERANGE, 0),
        grantAnswers('setVersion', -ERANGE, -22),
        takesSecondWord,
      ],
    },
  ),
  check(
    'hypervisor',
    'GRANT-VER-04',
    async (stand) => {
      const guest = await stand.guest();
      const {ops} = stand.dom0;
      for (const ref of [RESERVED, REF, 100]) stand.setEntry(guest, ref, access(0));
      const handle = ops.gnttabMap(guest.domid, RESERVED, GNTMAP.host_map);
      const granter = useVersion2(stand, guest);
      stand.must(granter.flags(RESERVED) === GTF.permit_access, `flags ${granter.flags(RESERVED)}`, 'as they were');
      const use = GTF.reading | GTF.writing;
      stand.must(granter.status(RESERVED) === use, `status ${granter.status(RESERVED)}`, `${use}: it is mapped`);
      for (let ref = FIRST_FREE; ref < ENTRIES_PER_FRAME / 2; ref++)
        stand.must(granter.flags(ref) === 0, `entry ${ref} has flags ${granter.flags(ref)}`, 'it is cleared');
      const seen = ops.gnttabMap(guest.domid, RESERVED, GNTMAP.host_map | GNTMAP.readonly);
      stand.must(ops.mappedOffset(seen) / PAGE_BYTES === FRAME, 'another frame', `frame ${FRAME}, as before`);
      for (const each of [handle, seen]) ops.gnttabUnmap(each);
      stand.must(granter.status(RESERVED) === 0, `status ${granter.status(RESERVED)}`, '0: nobody uses it');
      granter.set(REF, access(0));
      mustSet(stand, guest, 1, 0, 'nothing is mapped');
      const flags = [RESERVED, REF].map((ref) => stand.flagsOf(guest, ref));
      stand.must(flags[0] === GTF.permit_access && flags[1] === 0, `flags ${flags.join()}`, 'the reserved entry alone');
    },
    {abi: 'x86_32', mutants: [keepsEntries, dropsReserved, forgetsUse]},
  ),
  check(
    'hypervisor',
    'GRANT-VER-05',
    async (stand) => {
      const [one, two] = [await stand.guest(), await stand.guest()];
      useVersion2(stand, two);
      mustShare(stand, two, one, 'version 2 to version 1');
      mustShare(stand, one, two, 'version 1 to version 2');
      mustShare(stand, two, stand.dom0, 'version 2 to dom0');
    },
    {abi: 'x86_32', mutants: [takesSecondWord]},
  ),
  check(
    'hypervisor',
    'GRANT-VER-08',
    async (stand) => {
      const guest = await stand.guest();
      const swap = (a: number, b: number): number => {
        const {words} = stand.call(guest, grant_table_op, GNTTABOP.swap_grant_ref, [a, b, 0x7fff], 1);
        return (words[2] << 16) >> 16;
      };
      stand.setEntry(guest, REF, access(0));
      const done = swap(REF, REF + 1);
      const flags = [REF, REF + 1].map((ref) => stand.flagsOf(guest, ref));
      stand.must(
        done === 0 && flags[0] === 0 && flags[1] === 1,
        `${done}, flags ${flags.join()}`,
        'they are exchanged',
      );
      for (const [a, b] of [
        [REF, ENTRIES_PER_FRAME],
        [0xffff_ffff, REF],
      ]) {
        const result = swap(a, b);
        stand.must(result === GNTST.bad_gntref, `${a} and ${b}: ${result}`, String(GNTST.bad_gntref));
      }
      stand.dom0.ops.gnttabMap(guest.domid, REF + 1, GNTMAP.host_map);
      const busy = swap(REF, REF + 1);
      stand.must(busy === GNTST.eagain, `with one that is mapped: ${busy}`, String(GNTST.eagain));
    },
    {
      abi: 'x86_32',
      mutants: [
        swapsNothing,
        grantAnswers('swapRefs', GNTST.bad_gntref, GNTST.okay),
        grantAnswers('swapRefs', GNTST.eagain, GNTST.okay),
      ],
    },
  ),
  check(
    'hypervisor',
    'GRANT-UNM-08',
    async (stand) => {
      const guest = await stand.guest();
      stand.setEntry(guest, REF, access(0));
      const handle = stand.dom0.ops.gnttabMap(guest.domid, REF, GNTMAP.host_map);
      const {result, words} = stand.call(
        stand.dom0,
        grant_table_op,
        GNTTABOP.unmap_and_replace,
        [0, 0, OWN * PAGE_BYTES, 0, handle, 0x7fff],
        1,
      );
      const isMapped = (stand.flagsOf(guest, REF) & GTF.reading) !== 0;
      const isRefused = result === -ENOSYS && isMapped;
      const isDone = result === 0 && (words[5] << 16) >> 16 === 0 && !isMapped;
      stand.must(isRefused || isDone, `${result}, mapped: ${isMapped}`, `both done, or -${ENOSYS} and neither`);
    },
    {mutants: [callAnswers(grant_table_op, GNTTABOP.unmap_and_replace, -ENOSYS, 0)]},
  ),
];
