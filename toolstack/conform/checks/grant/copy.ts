import {check, type Check} from '../../check.ts';
import {copiesToReadonly, grantAnswers, inGrants, remembersFrames} from '../../mutants/grants.ts';
import {inHypervisor, instead} from '../../mutants/host.ts';
import type {HypervisorStand} from '../../stand/hypervisor.ts';
import {DOMID_SELF, GNTCOPY, GNTST, grant_table_op, GNTTABOP, GTF, PAGE_BYTES} from './numbers.ts';

const REF = 20;
const FRAME = 1000;
const OWN = 1500;

/** Offset and length of one side, and whether they lie in a page. */
const ranges = [
  [0, 4096, true],
  [4095, 1, true],
  [1, 4095, true],
  [17, 100, true],
  [1, 4096, false],
  [4095, 2, false],
  [4096, 1, false],
  [0xffff, 1, false],
  [0, 0xffff, false],
] as const;

/** Fills a page of the peer's, with its neighbours. */
const fillPages = ({u8}: {u8: Uint8Array}, first: number, byte: number): void =>
  void u8.fill(byte, (first - 1) * PAGE_BYTES, (first + 17) * PAGE_BYTES);

/** dom0's pages around its own one have kept the byte, but for the range. */
const isUntouched = (u8: Uint8Array, gfn: number, byte: number, from: number, to: number): boolean => {
  const at = gfn * PAGE_BYTES;
  const around = u8.subarray(at - PAGE_BYTES, at + 17 * PAGE_BYTES);
  return around.every((each, i) => each === byte || (i >= PAGE_BYTES + from && i < PAGE_BYTES + to));
};

const mustStayInside = (stand: HypervisorStand, side: 'source' | 'dest', granterDomid: number): void => {
  const {ops, memory} = stand.dom0;
  for (const [offset, length, isInside] of ranges) {
    fillPages(memory, OWN, 0x11);
    const result =
      side === 'source'
        ? ops.gnttabCopy(granterDomid, REF, offset, DOMID_SELF, OWN, 0, length, GNTCOPY.source_gref)
        : ops.gnttabCopy(granterDomid, REF, 0, DOMID_SELF, OWN, offset, length, GNTCOPY.source_gref);
    const due = isInside ? GNTST.okay : GNTST.bad_copy_arg;
    stand.must(result === due, `${side} ${offset}+${length}: ${result}`, String(due));
    const from = side === 'dest' ? offset : 0;
    stand.must(
      isUntouched(memory.u8, OWN, 0x11, from, isInside ? from + length : from),
      `${side} ${offset}+${length} changes other bytes`,
      'no byte outside of the range',
    );
  }
};

export const grantCopyChecks: readonly Check[] = [
  check(
    'hypervisor',
    'GRANT-CPY-01',
    async (stand) => {
      const granter = await stand.guest();
      stand.setEntry(granter, REF, {flags: GTF.permit_access, domid: 0, frame: FRAME});
      fillPages(granter.memory, FRAME, 0x22);
      mustStayInside(stand, 'source', granter.domid);
      mustStayInside(stand, 'dest', granter.domid);
    },
    {
      mutants: [
        grantAnswers('copy', GNTST.bad_copy_arg, GNTST.general_error),
        inGrants('looks at the source only', 'copy', (real, caller, src, ref, from, dst, frame, to, len, flags) =>
          to + len > PAGE_BYTES && from + len <= PAGE_BYTES
            ? real(caller, src, ref, from, dst, frame, 0, len, flags)
            : real(caller, src, ref, from, dst, frame, to, len, flags),
        ),
        inGrants('copies a byte more', 'copy', (real, caller, src, ref, from, dst, frame, to, len, flags) =>
          real(caller, src, ref, from, dst, frame, to, from + len < 4096 && to + len < 4096 ? len + 1 : len, flags),
        ),
      ],
    },
  ),
  check(
    'hypervisor',
    'GRANT-CPY-03',
    async (stand) => {
      const {ops} = stand.dom0;
      const both = GNTCOPY.source_gref | GNTCOPY.dest_gref;
      const results = [
        ops.gnttabCopy(1000, REF, 0, DOMID_SELF, OWN, 0, 0, GNTCOPY.source_gref),
        ops.gnttabCopy(0, 0xffff_ffff, 0, 1000, 0xffff_ffff, 0, 0, both),
        ops.gnttabCopy(0, REF, 5000, 0, REF, 5000, 0, 0),
      ];
      for (const result of results) stand.must(result === 0, `a copy of nothing answers ${result}`, '0');
    },
    {
      mutants: [
        inGrants('looks at what an empty copy names', 'copy', (real, ...args) => {
          args[7] = Math.max(args[7], 1);
          return real(...args);
        }),
      ],
    },
  ),
  check(
    'hypervisor',
    'GRANT-CPY-04',
    async (stand) => {
      const granter = await stand.guest();
      const {ops} = stand.dom0;
      stand.setEntry(granter, REF, {flags: GTF.permit_access | GTF.readonly, domid: 0, frame: FRAME});
      const read = ops.gnttabCopy(granter.domid, REF, 0, DOMID_SELF, OWN, 0, 64, GNTCOPY.source_gref);
      stand.must(read === 0, `a copy from a readonly grant answers ${read}`, '0');
      stand.dom0.memory.u8.fill(0x33, OWN * PAGE_BYTES, (OWN + 1) * PAGE_BYTES);
      const written = ops.gnttabCopy(DOMID_SELF, OWN, 0, granter.domid, REF, 0, 64, GNTCOPY.dest_gref);
      stand.must(
        written === GNTST.general_error,
        `a copy to a readonly grant answers ${written}`,
        String(GNTST.general_error),
      );
      stand.must(granter.memory.u8[FRAME * PAGE_BYTES] !== 0x33, 'the page has changed', 'it is readonly');
    },
    {mutants: [copiesToReadonly, grantAnswers('copy', 0, GNTST.general_error)]},
  ),
  check(
    'hypervisor',
    'GRANT-CPY-05',
    async (stand) => {
      const [caller, other] = [await stand.guest(), await stand.guest()];
      other.memory.u8.fill(0x44, FRAME * PAGE_BYTES, (FRAME + 1) * PAGE_BYTES);
      for (const domid of [other.domid, 0]) {
        const read = caller.ops.gnttabCopy(domid, FRAME, 0, DOMID_SELF, OWN, 0, 64, 0);
        stand.must(read === GNTST.permission_denied, `a frame of d${domid} is read: ${read}`, '-8');
        const written = caller.ops.gnttabCopy(DOMID_SELF, OWN, 0, domid, FRAME, 0, 64, 0);
        stand.must(written === GNTST.permission_denied, `a frame of d${domid} is written: ${written}`, '-8');
      }
      stand.must(caller.memory.u8[OWN * PAGE_BYTES] !== 0x44, "another's bytes are there", 'none');
      stand.must(caller.ops.gnttabCopy(DOMID_SELF, OWN, 0, DOMID_SELF, FRAME, 0, 64, 0) === 0, 'its own fails', '0');
    },
    {
      mutants: [
        grantAnswers('copy', GNTST.permission_denied, 0),
        grantAnswers('copy', GNTST.permission_denied, GNTST.bad_page),
      ],
    },
  ),
  check(
    'hypervisor',
    'GRANT-CPY-06',
    async (stand) => {
      const caller = await stand.guest();
      const count = 20;
      const structs: number[] = [];
      for (let i = 0; i < count; i++) {
        stand.setEntry(stand.dom0, REF + i, {flags: GTF.permit_access, domid: caller.domid, frame: FRAME + i});
        stand.dom0.memory.u8.fill(i + 1, (FRAME + i) * PAGE_BYTES, (FRAME + i + 1) * PAGE_BYTES);
        const ref = i % 5 === 4 ? 0xffff_ffff : REF + i;
        structs.push(ref, 0, OWN, DOMID_SELF | ((64 * i) << 16), 64 | (GNTCOPY.source_gref << 16), 0x7fff);
      }
      caller.door.interrupted = true;
      const {result, words, turns} = stand.call(caller, grant_table_op, GNTTABOP.copy, structs, count);
      if (turns < 2) stand.inconclusive('it was not interrupted');
      stand.must(result === 0, `the hypercall answers ${result}`, '0');
      for (let i = 0; i < count; i++) {
        const status = (words[i * 6 + 5] << 16) >> 16;
        const due = i % 5 === 4 ? GNTST.bad_gntref : GNTST.okay;
        stand.must(status === due, `status of element ${i} is ${status}`, String(due));
        const byte = caller.memory.u8[OWN * PAGE_BYTES + 64 * i];
        stand.must(byte === (due === 0 ? i + 1 : 0), `element ${i} copied ${byte}`, String(due === 0 ? i + 1 : 0));
      }
    },
    {
      abi: 'x86_32',
      mutants: [
        {
          name: 'forgets an element at each interruption',
          layer: () => ({
            hypercall: (real, number, args) => {
              const result = real(number, args);
              if (result === -85 && args[2] > 1) {
                args[1] += 24;
                args[2]--;
              }
              return result;
            },
          }),
        },
        inHypervisor('copies every second element', ({grants}) => {
          let calls = 0;
          instead(grants, 'copy', (real, ...args) => (calls++ % 2 === 0 ? real(...args) : 0));
        }),
      ],
    },
  ),
  check(
    'hypervisor',
    'GRANT-CPY-08',
    async (stand) => {
      const granter = await stand.guest();
      const {ops, memory} = stand.dom0;
      const fill = (frame: number, byte: number): void =>
        void granter.memory.u8.fill(byte, frame * PAGE_BYTES, (frame + 1) * PAGE_BYTES);
      const grant = (frame: number): void => stand.setEntry(granter, REF, {flags: GTF.permit_access, domid: 0, frame});
      fill(FRAME, 0x11);
      fill(FRAME + 1, 0x33);
      grant(FRAME);
      let granted = 0x11;
      const copy = (): void => {
        memory.u8.fill(0, OWN * PAGE_BYTES, (OWN + 1) * PAGE_BYTES);
        const status = ops.gnttabCopy(granter.domid, REF, 0, DOMID_SELF, OWN, 0, PAGE_BYTES, GNTCOPY.source_gref);
        const page = memory.u8.subarray(OWN * PAGE_BYTES, (OWN + 1) * PAGE_BYTES);
        const [due, byte] = granted === 0 ? [GNTST.general_error, 0] : [GNTST.okay, granted];
        stand.must(
          status === due && page.every((each) => each === byte),
          () => `status ${status}, bytes ${page[0]} ... ${page[PAGE_BYTES - 1]}`,
          `status ${due}, bytes ${byte}`,
        );
      };
      const revoke = (): void => {
        stand.setEntry(granter, REF, {flags: 0, domid: 0, frame: 0});
        granted = 0;
        fill(FRAME, 0x22);
      };
      const grantOther = (): void => {
        grant(FRAME + 1);
        granted = 0x33;
      };
      copy();
      await stand.inEveryOrder(async () => {
        for (const task of [copy, revoke, copy, grantOther, copy]) stand.rig.schedule.post(task);
        await stand.settle(1);
      });
    },
    {orders: 20, mutants: [remembersFrames]},
  ),
];
