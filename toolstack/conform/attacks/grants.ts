import {check, type Check} from '../check.ts';
import {
  DOMID_SELF,
  GNTCOPY,
  GNTMAP,
  GNTST,
  grant_table_op,
  GNTTABOP,
  GTF,
  PAGE_BYTES,
} from '../checks/grant/numbers.ts';
import {copyClearsFlags, grantAnswers, inGrants, looksAgain} from '../mutants/grants.ts';

const REF = 20;
const FRAME = 1000;
const OWN = 1500;
const ROUNDS = 200;
const LONG_LIST = 40;

/** Lists end, also when each of their elements is a turn of its own. */
const endlessList = check(
  'hypervisor',
  'XSA-24',
  async (stand) => {
    const guest = await stand.guest();
    guest.door.interrupted = true;
    for (const cmd of Object.values(GNTTABOP)) {
      for (const count of [0, 1, LONG_LIST]) {
        const {turns} = stand.call(guest, grant_table_op, cmd, [DOMID_SELF, 1, 0, 0, 0, 0], count);
        const most = Math.max(count, 1);
        stand.must(turns <= most, `command ${cmd} of ${count} elements takes ${turns} turns`, `${most} at most`);
      }
    }
  },
  {
    abi: 'x86_32',
    seeds: 1,
    mutants: [
      {
        name: 'does not go on in the list',
        layer: () => ({
          hypercall: (real, number, args) => {
            const [, address, count] = args;
            const result = real(number, args);
            args[1] = address;
            args[2] = count;
            return result;
          },
        }),
      },
    ],
  },
);

/** Handles are never given twice while they are in use. */
const handlesTwice = check(
  'hypervisor',
  'XSA-228',
  async (stand) => {
    const granter = await stand.guest();
    const {ops} = stand.dom0;
    stand.setEntry(granter, REF, {flags: GTF.permit_access, domid: 0, frame: FRAME});
    const live: number[] = [];
    for (let i = 0; i < ROUNDS; i++) {
      if (live.length > 0 && stand.choose(3) === 0) {
        const [handle] = live.splice(stand.choose(live.length), 1);
        stand.must(ops.gnttabUnmap(handle) === 0, `unmap of ${handle} fails`, 'it is mapped');
      } else {
        const handle = ops.gnttabMap(granter.domid, REF, GNTMAP.host_map);
        stand.must(!live.includes(handle), `handle ${handle} is given twice`, 'once while it is in use');
        live.push(handle);
      }
    }
  },
  {mutants: [inGrants('gives handles twice', 'map', (real, ...args) => real(...args) & ~1)]},
);

/** The owner rewrites an entry that is mapped, then has it copied. */
const copyOfPinned = check(
  'hypervisor',
  'XSA-500',
  async (stand) => {
    const granter = await stand.guest();
    const {ops, memory} = stand.dom0;
    for (const [i, byte] of [0x11, 0x22].entries())
      granter.memory.u8.fill(byte, (FRAME + i) * PAGE_BYTES, (FRAME + i + 1) * PAGE_BYTES);
    for (const type of [GTF.permit_access, GTF.permit_access | GTF.sub_page, GTF.transitive]) {
      stand.setEntry(granter, REF, {flags: GTF.permit_access, domid: 0, frame: FRAME});
      const handle = ops.gnttabMap(granter.domid, REF, GNTMAP.host_map);
      stand.setEntry(granter, REF, {flags: type | GTF.reading | GTF.writing, domid: 0, frame: FRAME + 1});
      ops.gnttabCopy(granter.domid, REF, 0, DOMID_SELF, OWN, 0, PAGE_BYTES, GNTCOPY.source_gref);
      const byte = memory.u8[OWN * PAGE_BYTES];
      stand.must(byte !== 0x22, `with flags ${type} the other frame is copied`, 'the frame that is mapped, or none');
      ops.gnttabUnmap(handle);
    }
  },
  {mutants: [looksAgain]},
);

/** Two domains copy to and from each other. */
const copiesAcross = check(
  'hypervisor',
  'XSA-73',
  async (stand) => {
    const pair = [await stand.guest(), await stand.guest()];
    for (const [i, {memory}] of pair.entries()) {
      stand.setEntry(pair[i], REF, {flags: GTF.permit_access, domid: pair[1 - i].domid, frame: FRAME});
      memory.u8.fill(i + 1, FRAME * PAGE_BYTES, (FRAME + 1) * PAGE_BYTES);
    }
    const results: number[] = [];
    await stand.inEveryOrder(async () => {
      for (const [i, {ops}] of pair.entries()) {
        const {domid} = pair[1 - i];
        ops.schedule.post(() =>
          results.push(ops.gnttabCopy(domid, REF, 0, DOMID_SELF, OWN, 0, PAGE_BYTES, GNTCOPY.source_gref)),
        );
      }
      await stand.settle(1);
    });
    stand.must(results.join(' ') === '0 0', () => `copies answer ${results.join(' ')}`, 'both are done');
    for (const [i, {memory}] of pair.entries()) {
      const byte = memory.u8[OWN * PAGE_BYTES];
      stand.must(byte === 2 - i, `domain ${i} has byte ${byte}`, `${2 - i}, of the other`);
    }
  },
  {orders: 4, mutants: [grantAnswers('copy', 0, GNTST.general_error)]},
);

/** Bits of an entry stay while a device mapping is there, copies or not. */
const earlyClear = check(
  'hypervisor',
  'XSA-230',
  async (stand) => {
    const granter = await stand.guest();
    const {ops} = stand.dom0;
    stand.setEntry(granter, REF, {flags: GTF.permit_access, domid: 0, frame: FRAME});
    const handle = ops.gnttabMap(granter.domid, REF, GNTMAP.device_map);
    ops.gnttabCopy(granter.domid, REF, 0, DOMID_SELF, OWN, 0, 64, GNTCOPY.source_gref);
    const flags = stand.flagsOf(granter, REF);
    stand.must(flags === 25, `flags of a mapped entry are ${flags}`, 'reading and writing stay');
    ops.gnttabUnmap(handle);
  },
  {mutants: [copyClearsFlags]},
);

export const grantAttacks: readonly Check[] = [endlessList, copiesAcross, handlesTwice, earlyClear, copyOfPinned];
