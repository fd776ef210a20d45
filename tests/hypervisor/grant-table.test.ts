import test from 'ava';
import type {Gfn} from '../../hypervisor/index.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import {type BareDomain, BareHost} from '../support/domains.ts';

// Redefined from grant_table.h on purpose: a test must not take its numbers from what it tests.
const GNTST_general_error = -1;
const GNTST_bad_domain = -2;
const GNTST_bad_gntref = -3;
const GNTST_bad_handle = -4;
const GNTST_permission_denied = -8;
const GNTST_bad_page = -9;
const GNTST_bad_copy_arg = -10;
const GNTMAP_host_map = 2;
const GNTMAP_readonly = 4;
const GTF_permit_access = 1;
const GTF_accept_transfer = 2;
const GTF_readonly = 4;
const GTF_reading = 8;
const GTF_writing = 16;
const GTF_sub_page = 256;
const GTF_transfer_committed = 4;
const GTF_transfer_completed = 8;
const GNTCOPY_source_gref = 1;
const GNTCOPY_dest_gref = 2;
const DOMID_SELF = 0x7ff0;

const entryOf = ({ops, domain}: BareDomain, ref: number) => {
  const at = ((domain.grantFramesGfn + (ref >>> 9)) * PAGE_SIZE + (ref & 511) * 8) / 2;
  return {flags: ops.memory.u16[at], domid: ops.memory.u16[at + 1], frame: ops.memory.u32[at / 2 + 1]};
};

const granted = (readonly = false) => {
  const host = new BareHost();
  const a = host.create();
  const b = host.create();
  const gfn = a.ops.pages.alloc() as Gfn;
  const ref = a.ops.grantor.grantAccess(b.ops.domid, gfn, readonly);
  return {host, a, b, gfn, ref};
};

test('an entry has its bytes in guest memory; references start after the 8 reserved ones', (t) => {
  const {a, b, gfn, ref} = granted();
  t.is(ref, 8);
  t.deepEqual(entryOf(a, ref), {flags: GTF_permit_access, domid: b.ops.domid, frame: gfn});
  const readonly = a.ops.grantor.grantAccess(b.ops.domid, gfn, true);
  t.is(entryOf(a, readonly).flags, GTF_permit_access | GTF_readonly);
});

test('map shows the granter’s page and sets the status bits; unmap clears them', (t) => {
  const {a, b, gfn, ref} = granted();
  const handle = b.ops.gnttabMap(a.ops.domid, ref, GNTMAP_host_map);
  t.true(handle >= 0);
  t.is(entryOf(a, ref).flags, GTF_permit_access | GTF_reading | GTF_writing);
  b.ops.mappedMemory(handle).u8[b.ops.mappedOffset(handle) + 5] = 0xab;
  t.is(a.ops.memory.u8[gfn * PAGE_SIZE + 5], 0xab);
  t.false(a.ops.grantor.endAccess(ref), 'in use');
  t.is(b.ops.gnttabUnmap(handle), 0);
  t.is(entryOf(a, ref).flags, GTF_permit_access);
  t.true(a.ops.grantor.endAccess(ref));
  t.is(entryOf(a, ref).flags, 0);
  t.is(b.ops.gnttabMap(a.ops.domid, ref, GNTMAP_host_map), GNTST_general_error, 'revoked');
});

test('a read-only mapping sets reading only; both kinds nest', (t) => {
  const {a, b, ref} = granted();
  const reader = b.ops.gnttabMap(a.ops.domid, ref, GNTMAP_host_map | GNTMAP_readonly);
  t.is(entryOf(a, ref).flags, GTF_permit_access | GTF_reading);
  const writer = b.ops.gnttabMap(a.ops.domid, ref, GNTMAP_host_map);
  b.ops.gnttabUnmap(writer);
  t.is(entryOf(a, ref).flags, GTF_permit_access | GTF_reading);
  b.ops.gnttabUnmap(reader);
  t.is(entryOf(a, ref).flags, GTF_permit_access);
});

test('wrong arguments have their GNTST status', (t) => {
  const {host, a, b, gfn, ref} = granted(true);
  const c = host.create();
  const offTable = a.ops.grantor.grantAccess(b.ops.domid, 1e6 as Gfn, false);
  const map = GNTMAP_host_map;
  const cases: [string, number, number][] = [
    ['no such domain', b.ops.gnttabMap(99, ref, map), GNTST_bad_domain],
    ['reference beyond the table', b.ops.gnttabMap(a.ops.domid, 512, map), GNTST_bad_gntref],
    ['huge reference', b.ops.gnttabMap(a.ops.domid, 0xffffffff, map), GNTST_bad_gntref],
    ['entry not in use', b.ops.gnttabMap(a.ops.domid, 300, map), GNTST_general_error],
    ['granted to another', c.ops.gnttabMap(a.ops.domid, ref, map), GNTST_general_error],
    ['writable map of a read-only grant', b.ops.gnttabMap(a.ops.domid, ref, map), GNTST_general_error],
    ['frame that does not exist', b.ops.gnttabMap(a.ops.domid, offTable, map), GNTST_bad_page],
    ['neither host nor device map', b.ops.gnttabMap(a.ops.domid, ref, GNTMAP_readonly), GNTST_bad_gntref],
    ['unmap of no handle', b.ops.gnttabUnmap(12345), GNTST_bad_handle],
    ['unmap of a negative handle', b.ops.gnttabUnmap(-1), GNTST_bad_handle],
    ['query another domain as a guest', b.ops.gnttabQuerySize(a.ops.domid).status, GNTST_permission_denied],
    ['setup beyond the limit', a.ops.gnttabSetupTable(65), GNTST_general_error],
    ['copy across a page', b.ops.gnttabCopy(a.ops.domid, ref, 4000, DOMID_SELF, gfn, 0, 97, 1), GNTST_bad_copy_arg],
    [
      'copy from another’s frame',
      b.ops.gnttabCopy(a.ops.domid, gfn, 0, DOMID_SELF, 0, 0, 8, 0),
      GNTST_permission_denied,
    ],
    ['copy to a read-only grant', b.ops.gnttabCopy(DOMID_SELF, 0, 0, a.ops.domid, ref, 0, 8, 2), GNTST_general_error],
    ['copy to a missing domain', b.ops.gnttabCopy(DOMID_SELF, 0, 0, 99, ref, 0, 8, 2), GNTST_bad_domain],
    ['copy of nothing', b.ops.gnttabCopy(99, ref, 5000, 99, ref, 5000, 0, 3), 0],
    ['copy from no frame', b.ops.gnttabCopy(DOMID_SELF, 1e6, 0, DOMID_SELF, 0, 0, 8, 0), GNTST_bad_page],
  ];
  for (const [what, got, due] of cases) t.is(got, due, what);
  t.is(b.domain.maptrack.count, 0);
  t.is(a.domain.grants.pinned, 0);
});

test('a mapped entry stands for what it was, whatever the owner writes into it', (t) => {
  const {host, a, b, gfn, ref} = granted();
  const c = host.create();
  const handle = b.ops.gnttabMap(a.ops.domid, ref, GNTMAP_host_map);
  const word = a.domain.grants.entryWord(ref);
  a.ops.memory.u32[word + 1] = a.ops.pages.alloc() as Gfn;
  const again = b.ops.gnttabMap(a.ops.domid, ref, GNTMAP_host_map);
  t.is(b.ops.mappedOffset(again), gfn * PAGE_SIZE);
  a.ops.memory.u16[word * 2 + 1] = c.ops.domid;
  t.is(c.ops.gnttabMap(a.ops.domid, ref, GNTMAP_host_map), GNTST_general_error);
  t.true(a.domain.isFrameInUse(gfn));
  b.ops.gnttabUnmap(handle);
  b.ops.gnttabUnmap(again);
  t.false(a.domain.isFrameInUse(gfn));
  t.true(c.ops.gnttabMap(a.ops.domid, ref, GNTMAP_host_map) >= 0);
});

test('a part of a page is copied but not mapped', (t) => {
  const {a, b, gfn, ref} = granted();
  a.ops.memory.u32[a.domain.grants.entryWord(ref)] |= GTF_sub_page;
  t.is(b.ops.gnttabMap(a.ops.domid, ref, GNTMAP_host_map), GNTST_general_error);
  t.is(b.ops.gnttabCopy(a.ops.domid, ref, 0, DOMID_SELF, gfn, 0, 8, GNTCOPY_source_gref), 0);
});

test('unmapping twice is refused, and a handle is reused', (t) => {
  const {a, b, ref} = granted();
  const handle = b.ops.gnttabMap(a.ops.domid, ref, GNTMAP_host_map);
  t.is(b.ops.gnttabUnmap(handle), 0);
  t.is(b.ops.gnttabUnmap(handle), GNTST_bad_handle);
  t.is(b.ops.gnttabMap(a.ops.domid, ref, GNTMAP_host_map), handle);
});

test('copy moves bytes between grants and own frames', (t) => {
  const {a, b, gfn, ref} = granted();
  for (const len of [1, 63, 64, 65, 1514, 4096]) {
    const own = b.ops.pages.alloc() as Gfn;
    const bytes = Uint8Array.from({length: len}, (_, i) => (i * 7 + len) & 255);
    b.ops.memory.page(own).set(bytes);
    t.is(b.ops.gnttabCopy(DOMID_SELF, own, 0, a.ops.domid, ref, 4096 - len, len, GNTCOPY_dest_gref), 0);
    t.deepEqual(a.ops.memory.page(gfn).slice(4096 - len), bytes);
    const back = b.ops.pages.alloc() as Gfn;
    t.is(b.ops.gnttabCopy(a.ops.domid, ref, 4096 - len, DOMID_SELF, back, 0, len, GNTCOPY_source_gref), 0);
    t.deepEqual(b.ops.memory.page(back).slice(0, len), bytes);
  }
  t.is(entryOf(a, ref).flags, GTF_permit_access, 'a copy leaves no status behind');
});

test('the table grows to its limit, and then -ENOSPC', (t) => {
  const host = new BareHost();
  const {ops, domain} = host.create({pages: 128});
  t.deepEqual(ops.gnttabQuerySize(DOMID_SELF), {status: 0, nrFrames: 1, maxNrFrames: 64});
  for (let ref = 8; ref < 64 * 512; ref++)
    if (ops.grantor.grantAccess(0, 1 as Gfn, false) !== ref) t.fail(`ref ${ref}`);
  t.is(ops.grantor.grantAccess(0, 1 as Gfn, false), -28);
  t.is(domain.grants.frames, 64);
  t.deepEqual(entryOf({ops, domain}, 64 * 512 - 1), {flags: GTF_permit_access, domid: 0, frame: 1});
});

test('transfer moves a page into a hole, with the committed and completed bits', (t) => {
  const host = new BareHost();
  const a = host.create();
  const b = host.create();
  const page = b.ops.pages.alloc() as Gfn;
  b.ops.memory.page(page).fill(0x5a);
  const hole = a.ops.pages.alloc() as Gfn;
  const ref = a.ops.grantor.grantTransfer(b.ops.domid, hole);
  t.is(b.ops.gnttabTransfer(page, a.ops.domid, ref), GNTST_general_error, 'no hole there');
  a.ops.memory.punchHole(hole);
  const populated = a.ops.memory.populatedPages;
  t.is(b.ops.gnttabTransfer(page, a.ops.domid, 300), GNTST_bad_gntref);
  t.is(b.ops.gnttabTransfer(page, 99, ref), GNTST_bad_domain);
  t.is(b.ops.gnttabTransfer(1e6 as Gfn, a.ops.domid, ref), GNTST_bad_page);
  t.is(b.ops.gnttabTransfer(page, a.ops.domid, ref), 0);
  t.is(entryOf(a, ref).flags, GTF_accept_transfer | GTF_transfer_committed | GTF_transfer_completed);
  t.is(a.ops.memory.u8[hole * PAGE_SIZE + 4095], 0x5a);
  t.is(a.ops.memory.populatedPages, populated + 1);
  t.false(b.ops.memory.isPopulated(page));
  t.is(b.ops.memory.u8[page * PAGE_SIZE], 0, 'nothing of the page stays behind');
  t.is(b.ops.gnttabTransfer(page, a.ops.domid, ref), GNTST_bad_page, 'it is not there any more');
  t.true(a.ops.grantor.endTransfer(ref));
});

test('a mapped page cannot be transferred away', (t) => {
  const {host, a, b, gfn, ref} = granted();
  const c = host.create();
  const hole = c.ops.pages.alloc() as Gfn;
  c.ops.memory.punchHole(hole);
  const offer = c.ops.grantor.grantTransfer(a.ops.domid, hole);
  const handle = b.ops.gnttabMap(a.ops.domid, ref, GNTMAP_host_map);
  t.is(a.ops.gnttabTransfer(gfn, c.ops.domid, offer), GNTST_bad_page);
  b.ops.gnttabUnmap(handle);
  t.is(a.ops.gnttabTransfer(gfn, c.ops.domid, offer), 0);
});

test('many mappings: the maptrack grows and nothing is mixed up', (t) => {
  const host = new BareHost();
  const a = host.create({pages: 600});
  const b = host.create();
  const refs = Array.from({length: 500}, () =>
    a.ops.grantor.grantAccess(b.ops.domid, a.ops.pages.alloc() as Gfn, false),
  );
  const handles = refs.map((ref) => b.ops.gnttabMap(a.ops.domid, ref, GNTMAP_host_map));
  t.is(new Set(handles).size, 500);
  handles.forEach((handle, i) => t.is(b.ops.mappedOffset(handle), entryOf(a, refs[i]).frame * PAGE_SIZE));
  for (const handle of handles.toReversed()) b.ops.gnttabUnmap(handle);
  t.is(b.domain.maptrack.count, 0);
});

test('a domain that is held to version 1 has no other table: -ENOSYS [GRANT-VER-01]', (t) => {
  const {ops, domain} = new BareHost().create({maxGrantVersion: 1});
  t.is(ops.gnttabSetVersion(2), -38);
  t.is(domain.grants.version, 1);
  t.is(ops.gnttabSetVersion(1), 0);
});

test('drivers of a version 2 domain share pages by the same calls [GRANT-VER-05]', (t) => {
  const host = new BareHost();
  const [a, b] = [host.create(), host.create()];
  t.is(a.ops.gnttabSetVersion(2), 0);
  const gfns = Array.from({length: 4}, () => a.ops.pages.alloc() as Gfn);
  const refs = new Uint32Array(4);
  t.true(a.ops.grantor.grantMany(b.ops.domid, gfns, false, refs, 0, 4));
  const handles = new Int32Array(4);
  const offsets = new Float64Array(4);
  t.is(b.ops.gnttabMapMany(a.ops.domid, refs, GNTMAP_host_map, handles, offsets, 0, 4), 0);
  t.deepEqual(
    [...offsets],
    gfns.map((gfn) => gfn * PAGE_SIZE),
  );
  t.false(a.ops.grantor.endMany(refs, 0, 4), 'they are mapped');
  b.ops.gnttabUnmapMany(handles, 0, 4);
  t.true(a.ops.grantor.endMany(refs, 0, 4));
});
