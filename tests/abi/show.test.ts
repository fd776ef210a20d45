import test from 'ava';
import {nearNames} from '../../hypervisor/abi/near-names.ts';
import {showStruct, structNames} from '../../hypervisor/abi/show.ts';

const text = (name: string, abi: 'x86_64' | 'x86_32' = 'x86_64'): string => {
  const shown = showStruct(name, abi);
  return shown.ok ? shown.text : shown.message;
};

test('a struct with a hole and a last cache line that is not full', (t) => {
  t.is(
    text('blkif_request'),
    `struct blkif_request {
	uint8_t                    operation;            /*     0     1 */
	uint8_t                    nr_segments;          /*     1     1 */
	uint16_t                   handle;               /*     2     2 */

	/* XXX 4 bytes hole, try to pack */

	uint64_t                   id;                   /*     8     8 */
	uint64_t                   sector_number;        /*    16     8 */
	struct blkif_request_segment seg[11];            /*    24    88 */

	/* size: 112, cachelines: 2, members: 6 */
	/* sum members: 108, holes: 1, sum holes: 4 */
	/* last cacheline: 48 bytes */
};
`,
  );
});

test('the same on x86_32 has none', (t) => {
  t.regex(
    text('blkif_request', 'x86_32'),
    /id; +\/\* {5}4 {5}8 \*\/\n[^]*\/\* size: 108, cachelines: 2, members: 6 \*\//,
  );
  t.notRegex(text('blkif_request', 'x86_32'), /hole/);
});

test('padding of members and of the struct itself', (t) => {
  t.is(
    text('gnttab_copy'),
    `struct gnttab_copy {
	struct gnttab_copy_ptr     source;               /*     0    16 */

	/* XXX last struct has 4 bytes of padding */

	struct gnttab_copy_ptr     dest;                 /*    16    16 */

	/* XXX last struct has 4 bytes of padding */

	uint16_t                   len;                  /*    32     2 */
	uint16_t                   flags;                /*    34     2 */
	int16_t                    status;               /*    36     2 */

	/* size: 40, cachelines: 1, members: 5 */
	/* padding: 2 */
	/* paddings: 2, sum paddings: 8 */
	/* last cacheline: 40 bytes */
};
`,
  );
});

test('untagged unions inside, arrays and cache line boundaries', (t) => {
  t.is(
    text('netif_tx_sring'),
    `struct netif_tx_sring {
	RING_IDX                   req_prod;             /*     0     4 */
	RING_IDX                   req_event;            /*     4     4 */
	RING_IDX                   rsp_prod;             /*     8     4 */
	RING_IDX                   rsp_event;            /*    12     4 */
	union {
		struct {
			uint8_t    smartpoll_active;     /*    16     1 */
		} netif;                                 /*    16     1 */
		struct {
			uint8_t    msg;                  /*    16     1 */
		} tapif_user;                            /*    16     1 */
		uint8_t            pvt_pad[4];           /*    16     4 */
	} pvt;                                           /*    16     4 */
	uint8_t                    __pad[44];            /*    20    44 */
	/* --- cacheline 1 boundary (64 bytes) --- */
	union netif_tx_sring_entry ring[1];              /*    64    12 */

	/* size: 76, cachelines: 2, members: 7 */
	/* last cacheline: 12 bytes */
};
`,
  );
});

test('a member that lies across a cache line boundary', (t) => {
  t.regex(text('vcpu_guest_context'), /\t\/\* --- cacheline 11 boundary \(704 bytes\) was 16 bytes ago --- \*\/\n/);
});

test('bit-fields and flexible arrays', (t) => {
  t.regex(text('buf_ioreq'), /\tuint8_t {20}size:2; {15}\/\* {5}1: 2 {2}1 \*\/\n/);
  t.regex(text('xen_build_id'), /buf\[\]; +\/\* {5}4 {5}0 \*\//);
});

test('a typedef without tag', (t) => {
  t.regex(text('xen_uuid_t'), /^typedef struct \{\n[^]*\n\} xen_uuid_t;\n$/);
});

for (const spelling of ['struct blkif_request', 'blkif_request_t', ' blkif_request '])
  test(`"${spelling}" is found`, (t) => {
    t.is(text(spelling), text('blkif_request'));
  });

test('typedefs with a name of their own are found', (t) => {
  t.is(text('vscsiif_segment_t'), text('scsiif_request_segment'));
  t.is(text('vm_event_request_t'), text('vm_event_st'));
});

test('an unknown struct is one line with near names', (t) => {
  t.deepEqual(showStruct('blkif_reqest', 'x86_64'), {
    ok: false,
    message: 'unknown struct "blkif_reqest"; did you mean blkif_request, fsif_request?',
    suggestions: ['blkif_request', 'fsif_request'],
  });
  t.is(text('qwertyuiop'), 'unknown struct "qwertyuiop"');
  t.is(text('x'.repeat(10_000)), `unknown struct "${'x'.repeat(10_000)}"`);
});

test('a struct of the other ABI only', (t) => {
  t.is(text('iret_context', 'x86_32'), '"iret_context" exists on x86_64, not on x86_32');
});

test('every struct of both ABIs prints its size', (t) => {
  for (const abi of ['x86_64', 'x86_32'] as const) {
    t.is(structNames(abi).length, 347);
    for (const name of structNames(abi))
      t.regex(text(name, abi), /\n\t\/\* size: \d+, cachelines: \d+, members: \d+ \*\/\n/);
  }
});

test('near names: nearest first, containing ones too, nothing for noise', (t) => {
  t.deepEqual(nearNames('shared_inf', ['shared_info', 'start_info', 'arch_shared_info']), [
    'shared_info',
    'arch_shared_info',
  ]);
  t.deepEqual(nearNames('', ['a']), []);
});
