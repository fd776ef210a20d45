import {check, type Check} from '../../check.ts';
import {asDom0, callAnswers, grantAnswers, mapsSubPages, mapsType} from '../../mutants/grants.ts';
import {
  copiesFromStart,
  copiesWholePages,
  flagsInEntry,
  ignoresHighFrame,
  keepsStatus,
  noStatus,
  passesWrites,
  strides8,
  takesSecondWord,
} from '../../mutants/grants-version2.ts';
import type {Caller, HypervisorStand} from '../../stand/hypervisor.ts';
import {DOMID_SELF, GNTCOPY, GNTMAP, GNTST, grant_table_op, GNTTABOP, GTF, PAGE_BYTES} from './numbers.ts';
import {type Entry2, version2Guest} from './version2-guest.ts';

const REF = 20;
const FRAME = 1000;
/** A page of the caller's that nothing uses. */
const OWN = 900;
const BYTE = 0x5a;

/** Copies out of a guest's entry into a page of dom0's own. */
const copyOut = ({dom0}: HypervisorStand, from: Caller, ref: number, offset: number, length: number): number =>
  dom0.ops.gnttabCopy(from.domid, ref, offset, DOMID_SELF, OWN, 0, length, GNTCOPY.source_gref);

const copyIn = ({dom0}: HypervisorStand, to: Caller, ref: number, offset: number, length: number): number =>
  dom0.ops.gnttabCopy(DOMID_SELF, OWN, 0, to.domid, ref, offset, length, GNTCOPY.dest_gref);

const fill = ({memory}: Caller, gfn: number, byte: number): void =>
  void memory.u8.fill(byte, gfn * PAGE_BYTES, (gfn + 1) * PAGE_BYTES);

/** A guest that grants a page to the second guest, which passes it on to dom0: how each does it may be changed. */
const passedOn = async (
  stand: HypervisorStand,
  {first, second}: {first?: Partial<Entry2>; second?: Partial<Entry2>} = {},
): Promise<Caller> => {
  const [owner, via] = [await version2Guest(stand), await version2Guest(stand)];
  owner.set(REF, {flags: GTF.permit_access, domid: via.caller.domid, frame: FRAME, ...first});
  via.set(REF, {flags: GTF.transitive, domid: 0, second: owner.caller.domid, frame: REF, ...second});
  fill(owner.caller, FRAME, BYTE);
  return via.caller;
};

export const grantVersion2Checks: readonly Check[] = [
  check(
    'hypervisor',
    'GRANT-TBL-02',
    async (stand) => {
      const granter = await version2Guest(stand, 2);
      for (const [i, ref] of [9, 100, 255, 256, 511].entries()) {
        granter.set(ref, {flags: GTF.permit_access, domid: 0, frame: FRAME + i});
        const handle = stand.dom0.ops.gnttabMap(granter.caller.domid, ref, GNTMAP.host_map);
        stand.must(handle >= 0, `entry ${ref} maps to ${handle}`, 'a handle');
        const seen = stand.dom0.ops.mappedOffset(handle) / PAGE_BYTES;
        stand.must(seen === FRAME + i, `entry ${ref} shows frame ${seen}`, `frame ${FRAME + i}, u64 at byte 8`);
        const status = granter.status(ref);
        stand.must(status === (GTF.reading | GTF.writing), `status ${status} of entry ${ref}`, 'u16 in its own frames');
      }
      granter.set(REF, {flags: GTF.permit_access, domid: 0, frame: FRAME, high: 1});
      const high = stand.dom0.ops.gnttabMap(granter.caller.domid, REF, GNTMAP.host_map);
      stand.must(high < 0, `frame 2^32 + ${FRAME} maps to ${high}`, 'there is no such frame');
    },
    {abi: 'x86_32', mutants: [strides8, takesSecondWord, noStatus, ignoresHighFrame]},
  ),
  check(
    'hypervisor',
    'GRANT-TBL-11',
    async (stand) => {
      const granter = await version2Guest(stand);
      const {ops} = stand.dom0;
      const must = (status: number, when: string): void => {
        const seen = [granter.status(REF), granter.flags(REF)];
        stand.must(seen[0] === status, `status ${seen[0]} ${when}`, String(status));
        stand.must(seen[1] === GTF.permit_access, `flags ${seen[1]} ${when}`, 'as the owner wrote them');
      };
      granter.set(REF, {flags: GTF.permit_access, domid: 0, frame: FRAME});
      const reader = ops.gnttabMap(granter.caller.domid, REF, GNTMAP.host_map | GNTMAP.readonly);
      must(GTF.reading, 'when it is mapped to be read');
      const writer = ops.gnttabMap(granter.caller.domid, REF, GNTMAP.host_map);
      must(GTF.reading | GTF.writing, 'when it is mapped to be written, too');
      ops.gnttabUnmap(writer);
      must(GTF.reading, 'when the writer has gone');
      ops.gnttabUnmap(reader);
      must(0, 'when nobody uses it');
    },
    {abi: 'x86_32', mutants: [flagsInEntry, noStatus, keepsStatus]},
  ),
  check(
    'hypervisor',
    'GRANT-CPY-02',
    async (stand) => {
      const granter = await version2Guest(stand);
      const [start, length] = [1000, 200];
      granter.set(REF, {
        flags: GTF.permit_access | GTF.sub_page,
        domid: 0,
        second: start | (length << 16),
        frame: FRAME,
      });
      fill(granter.caller, FRAME, BYTE);
      for (const copy of [copyOut, copyIn])
        for (const [from, count] of [
          [start, length],
          [start, 1],
          [start + length - 1, 1],
          [start - 1, 1],
          [start - 1, 2],
          [start, length + 1],
          [start + length, 1],
          [0, 4096],
        ]) {
          const isInside = from >= start && from + count <= start + length;
          const result = copy(stand, granter.caller, REF, from, count);
          stand.must(
            result === (isInside ? GNTST.okay : GNTST.general_error),
            `${count} bytes at ${from}: ${result}`,
            isInside ? '0' : `${GNTST.general_error}: ${length} bytes at ${start} are granted`,
          );
        }
      const mapped = stand.dom0.ops.gnttabMap(granter.caller.domid, REF, GNTMAP.host_map);
      stand.must(mapped === GNTST.general_error, `it maps to ${mapped}`, `${GNTST.general_error}: only copies`);
    },
    {abi: 'x86_32', mutants: [copiesWholePages, copiesFromStart, mapsSubPages, grantAnswers('copy', -1, 0)]},
  ),
  check(
    'hypervisor',
    'GRANT-CPY-07',
    async (stand) => {
      const via = await passedOn(stand);
      const copied = copyOut(stand, via, REF, 100, 200);
      stand.must(copied === GNTST.okay, `a copy of what was passed on: ${copied}`, '0');
      const bytes = stand.dom0.memory.u8.subarray(OWN * PAGE_BYTES, OWN * PAGE_BYTES + 200);
      stand.must(
        bytes.every((byte) => byte === BYTE),
        'other bytes',
        "the first owner's",
      );
      const mapped = stand.dom0.ops.gnttabMap(via.domid, REF, GNTMAP.host_map);
      stand.must(mapped === GNTST.general_error, `it maps to ${mapped}`, `${GNTST.general_error}: only copies`);
    },
    {abi: 'x86_32', mutants: [grantAnswers('copy', 0, -1), mapsType(GTF.transitive)]},
  ),
  ...(
    [
      ['readonly', copyIn, {first: {flags: GTF.permit_access | GTF.readonly}}, 'the first owner lets it be read only'],
      ['readonly, second', copyIn, {second: {flags: GTF.transitive | GTF.readonly}}, 'it is passed on to be read only'],
      ['window', copyOut, {first: {flags: GTF.permit_access | GTF.sub_page, second: 64 << 16}}, '64 bytes are granted'],
      ['stranger', copyOut, {first: {domid: 77}}, 'the first grant is for another domain'],
      ['two levels', copyOut, {first: {flags: GTF.transitive, second: 1, frame: REF}}, 'it goes one level'],
      ['nobody', copyOut, {second: {second: 999}}, 'there is no such domain'],
    ] as const
  ).map(([variant, copy, change, why]) =>
    check(
      'hypervisor',
      'GRANT-CPY-07',
      async (stand) => {
        const result = copy(stand, await passedOn(stand, change), REF, 0, 128);
        stand.must(result === GNTST.general_error, `a copy answers ${result}`, `${GNTST.general_error}: ${why}`);
      },
      {
        abi: 'x86_32',
        variant,
        mutants: [grantAnswers('copy', GNTST.general_error, 0), ...(copy === copyIn ? [passesWrites] : [])],
      },
    ),
  ),
  check(
    'hypervisor',
    'GRANT-VER-06',
    async (stand) => {
      const [guest, other] = [await version2Guest(stand), await version2Guest(stand)];
      const ask = (caller: Caller, domid: number): number => {
        const {result, words} = stand.call(
          caller,
          grant_table_op,
          GNTTABOP.get_status_frames,
          [1, domid, OWN * PAGE_BYTES],
          1,
        );
        return result === 0 ? words[1] >> 16 : result;
      };
      const own = ask(guest.caller, DOMID_SELF);
      stand.must(own === GNTST.okay, `its own: ${own}`, '0');
      const foreign = ask(guest.caller, other.caller.domid);
      stand.must(foreign === GNTST.permission_denied, `another's: ${foreign}`, String(GNTST.permission_denied));
    },
    {
      abi: 'x86_32',
      variant: 'status frames',
      mutants: [asDom0('statusFrames'), callAnswers(grant_table_op, GNTTABOP.get_status_frames, 0, -38)],
    },
  ),
];
