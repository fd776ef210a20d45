import {check, type Check} from '../../check.ts';
import {asDom0, callAnswers, grantAnswers, inGrants} from '../../mutants/grants.ts';
import {DOMID_SELF, ENTRIES_PER_FRAME, GNTMAP, GNTST, grant_table_op, GNTTABOP, GTF, MAX_FRAMES} from './numbers.ts';

const ENOSYS = 38;
const EINVAL = 22;
const FRAME = 1000;

export const grantVersionChecks: readonly Check[] = [
  check(
    'hypervisor',
    'GRANT-VER-01',
    async (stand) => {
      const guest = await stand.guest();
      const set = (version: number): {result: number; now: number} => {
        const {result, words} = stand.call(guest, grant_table_op, GNTTABOP.set_version, [version], 1);
        return {result, now: words[0]};
      };
      const two = set(2);
      const second = two.result === 0 ? 2 : 1;
      const isRefused = two.result === -ENOSYS && two.now === 1;
      stand.must(
        isRefused || (two.result === 0 && two.now === 2),
        `version 2: ${two.result}, now ${two.now}`,
        `0 and 2, or -${ENOSYS} and 1`,
      );
      for (const version of [0, 3, 0xffff_ffff]) {
        const {result, now} = set(version);
        stand.must(result === -EINVAL, `version ${version}: ${result}`, `-${EINVAL}`);
        stand.must(now === second, `version ${version}: now ${now}`, `it stays ${second}`);
      }
      const one = set(1);
      stand.must(one.result === 0 && one.now === 1, `version 1: ${one.result}, now ${one.now}`, '0 and 1');
    },
    {
      abi: 'x86_32',
      mutants: [
        callAnswers(grant_table_op, GNTTABOP.set_version, 0, -ENOSYS),
        callAnswers(grant_table_op, GNTTABOP.set_version, 0, -EINVAL),
        callAnswers(grant_table_op, GNTTABOP.set_version, -EINVAL, 0),
      ],
    },
  ),
  check(
    'hypervisor',
    'GRANT-VER-06',
    async (stand) => {
      const [guest, other] = [await stand.guest(), await stand.guest()];
      for (const domid of [0, other.domid]) {
        const {status} = guest.ops.gnttabQuerySize(domid);
        stand.must(status === GNTST.permission_denied, `query_size of d${domid}: ${status}`, '-8');
        const {words} = stand.call(guest, grant_table_op, GNTTABOP.setup_table, [domid, 2, 0x7fff, 0], 1);
        const setUp = (words[2] << 16) >> 16;
        stand.must(setUp === GNTST.permission_denied, `setup_table of d${domid}: ${setUp}`, '-8');
      }
      const own = guest.ops.gnttabQuerySize(DOMID_SELF).status;
      const privileged = stand.dom0.ops.gnttabQuerySize(guest.domid).status;
      stand.must(own === 0 && privileged === 0, `its own: ${own}, by dom0: ${privileged}`, '0');
    },
    {abi: 'x86_32', mutants: [asDom0('querySize'), asDom0('setupTable')]},
  ),
  check(
    'hypervisor',
    'GRANT-VER-07',
    async (stand) => {
      const granter = await stand.guest();
      const {ops, domid} = granter;
      const map = (ref: number): number => stand.dom0.ops.gnttabMap(domid, ref, GNTMAP.host_map);
      const last = MAX_FRAMES * ENTRIES_PER_FRAME - 1;
      const early = map(last);
      stand.must(early === GNTST.bad_gntref, `entry ${last} of a small table: ${early}`, String(GNTST.bad_gntref));
      stand.must(ops.gnttabSetupTable(MAX_FRAMES) === 0, 'it does not grow to its limit', '0');
      const {nrFrames, maxNrFrames} = ops.gnttabQuerySize(DOMID_SELF);
      stand.must(
        nrFrames === MAX_FRAMES && maxNrFrames === MAX_FRAMES,
        `it has ${nrFrames} of ${maxNrFrames} frames`,
        `${MAX_FRAMES} of ${MAX_FRAMES}`,
      );
      stand.setEntry(granter, last, {flags: GTF.permit_access, domid: 0, frame: FRAME});
      const mapped = map(last);
      stand.must(mapped >= 0, `entry ${last} maps to ${mapped}`, 'a handle');
      const beyond = ops.gnttabSetupTable(MAX_FRAMES + 1);
      stand.must(beyond === GNTST.general_error, `one frame more: ${beyond}`, String(GNTST.general_error));
      const after = map(last + 1);
      stand.must(after === GNTST.bad_gntref, `entry ${last + 1}: ${after}`, String(GNTST.bad_gntref));
    },
    {
      mutants: [
        grantAnswers('setupTable', GNTST.general_error, 0),
        inGrants('does not grow', 'setupTable', () => 0),
        grantAnswers('map', GNTST.bad_gntref, GNTST.general_error),
      ],
    },
  ),
];
