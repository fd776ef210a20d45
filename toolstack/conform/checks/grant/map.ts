import {check, type Check} from '../../check.ts';
import {answersWith, mapsWritable} from '../../mutants/hypervisor.ts';

const GTF_permit_access = 1;
const GTF_accept_transfer = 2;
const GTF_readonly = 4;
const GNTMAP_host_map = 2;
const GNTMAP_readonly = 4;
const GNTST_general_error = -1;
const GNTST_bad_domain = -2;
const GNTST_bad_gntref = -3;

const REF = 20;
const FRAME = 100;

export const grantMapChecks: readonly Check[] = [
  check(
    'hypervisor',
    'GRANT-MAP-01',
    async (stand) => {
      const granter = await stand.guest();
      const {ops} = stand.dom0;
      const {domid} = granter;
      stand.setEntry(granter, REF, {flags: GTF_permit_access, domid: 0, frame: FRAME});
      stand.setEntry(granter, REF + 1, {flags: GTF_accept_transfer, domid: 0, frame: FRAME});
      stand.setEntry(granter, REF + 2, {flags: GTF_permit_access, domid: 7, frame: FRAME});
      const cases: [what: string, domid: number, ref: number, flags: number, status: number][] = [
        ['an unknown domain', 1000, REF, GNTMAP_host_map, GNTST_bad_domain],
        ['a reference beyond the table', domid, 0xffff_ffff, GNTMAP_host_map, GNTST_bad_gntref],
        ['neither host_map nor device_map', domid, REF, 0, GNTST_bad_gntref],
        ['an entry of another type', domid, REF + 1, GNTMAP_host_map, GNTST_general_error],
        ['an entry for another domain', domid, REF + 2, GNTMAP_host_map, GNTST_general_error],
      ];
      for (const [what, owner, ref, flags, status] of cases) {
        const result = ops.gnttabMap(owner, ref, flags);
        stand.must(result === status, `${what}: ${result}`, `${what}: ${status}`);
      }
    },
    {mutants: [answersWith(GNTST_bad_domain, GNTST_general_error), answersWith(GNTST_bad_gntref, GNTST_general_error)]},
  ),
  check(
    'hypervisor',
    'GRANT-MAP-02',
    async (stand) => {
      const granter = await stand.guest();
      const {ops} = stand.dom0;
      stand.setEntry(granter, REF, {flags: GTF_permit_access | GTF_readonly, domid: 0, frame: FRAME});
      stand.setEntry(granter, REF + 1, {flags: GTF_permit_access, domid: 0, frame: FRAME});
      const writable = ops.gnttabMap(granter.domid, REF, GNTMAP_host_map);
      stand.must(
        writable === GNTST_general_error,
        `a readonly grant maps for writing: ${writable}`,
        String(GNTST_general_error),
      );
      for (const ref of [REF, REF + 1]) {
        const handle = ops.gnttabMap(granter.domid, ref, GNTMAP_host_map | GNTMAP_readonly);
        stand.must(handle >= 0, `entry ${ref} maps for reading: ${handle}`, 'a handle');
      }
    },
    {mutants: [mapsWritable]},
  ),
];
