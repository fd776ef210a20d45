import test from 'ava';
import {structsOn} from '../../hypervisor/abi/catalogue.ts';
import {ABIS} from '../../hypervisor/abi/ctype.ts';
import {gnttab_copy, gnttab_map_grant_ref} from '../../hypervisor/abi/grant-table.ts';
import {buf_ioreq} from '../../hypervisor/abi/hvm/ioreq.ts';
import {blkif_request} from '../../hypervisor/abi/io/blkif.ts';
import {netif_extra_info} from '../../hypervisor/abi/io/netif.ts';
import {offsetOf, offsetsOf, sizeOf} from '../../hypervisor/abi/layout.ts';
import {readStruct, writeStruct} from '../../hypervisor/abi/value.ts';
import {shared_info, start_info, vcpu_info} from '../../hypervisor/abi/xen.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('a struct is written field by field, and what is left out keeps its bytes', (t) => {
  const bytes = new Uint8Array(40).fill(0xee);
  writeStruct(gnttab_map_grant_ref, 'x86_64', bytes, 4, {host_addr: 0x123456789a, flags: 2, dom: 3, status: -1});
  t.is(hex(bytes), 'eeeeeeee9a7856341200000002000000eeeeeeee0300ffffeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee');
  const read = readStruct(gnttab_map_grant_ref, 'x86_64', bytes, 4);
  t.is(read.host_addr, 0x123456789a);
  t.is(read.status, -1);
  t.is(read.handle, 0xeeeeeeee);
});

test('64-bit integers keep all bits as words', (t) => {
  const bytes = new Uint8Array(32);
  writeStruct(gnttab_map_grant_ref, 'x86_32', bytes, 0, {
    host_addr: [0xdeadbeef, 0xffffffff],
    dev_bus_addr: 2 ** 53 - 1,
  });
  const words = readStruct(gnttab_map_grant_ref, 'x86_32', bytes, 0, 'words');
  t.deepEqual(words.host_addr, [0xdeadbeef, 0xffffffff]);
  t.deepEqual(words.dev_bus_addr, [0xffffffff, 0x1fffff]);
  t.is(readStruct(gnttab_map_grant_ref, 'x86_32', bytes).dev_bus_addr, 2 ** 53 - 1);
});

test('arrays of structs, and the 4-byte alignment of x86_32', (t) => {
  const bytes = new Uint8Array(108);
  writeStruct(blkif_request, 'x86_32', bytes, 0, {id: 1, seg: [{gref: 9, first_sect: 1, last_sect: 7}, {gref: 10}]});
  t.is(hex(bytes.subarray(0, 36)), '000000000100000000000000000000000000000009000000010700000a00000000000000');
  const {seg} = readStruct(blkif_request, 'x86_32', bytes);
  t.deepEqual(Array.isArray(seg) && seg.slice(0, 2), [
    {gref: 9, first_sect: 1, last_sect: 7},
    {gref: 10, first_sect: 0, last_sect: 0},
  ]);
});

test('members of unions and of bit-fields', (t) => {
  const extra = new Uint8Array(8);
  writeStruct(netif_extra_info, 'x86_64', extra, 0, {type: 2, u: {mcast: {addr: [1, 2, 3, 4, 5, 6]}}});
  t.is(hex(extra), '0200010203040506');
  const bits = new Uint8Array(8).fill(0xff);
  writeStruct(buf_ioreq, 'x86_64', bits, 0, {type: 1, dir: 0, size: 2, addr: 0xabcde});
  t.is(hex(bits), '01e9cdabffffffff');
  t.like(readStruct(buf_ioreq, 'x86_64', bits), {type: 1, pad: 1, dir: 0, size: 2, addr: 0xabcde, data: 0xffffffff});
});

test('offsets are named, through nested structs too', (t) => {
  t.is(offsetsOf(gnttab_copy, 'x86_64')['dest.u.ref'], 16);
  t.is(offsetOf(gnttab_copy, 'dest.offset', 'x86_32'), 14);
  t.is(offsetOf(shared_info, 'arch.max_pfn', 'x86_64'), 3088);
  t.is(offsetOf(vcpu_info, 'time.system_time', 'x86_32'), 48);
  t.is(offsetOf(start_info, 'console.domU.evtchn', 'x86_64'), 80);
  t.throws(() => offsetOf(shared_info, 'wc_sec_hi', 'x86_32'), {
    message: 'struct shared_info wc_sec_hi does not exist on x86_32',
  });
});

for (const abi of ABIS)
  test(`${abi}: every struct reads back what it was written from`, (t) => {
    for (const {name, struct} of structsOn(abi)) {
      const size = sizeOf(struct, abi);
      const bytes = Uint8Array.from({length: size}, (_, i) => i * 37 + 11);
      const value = readStruct(struct, abi, bytes, 0, 'words');
      const copy = new Uint8Array(size);
      writeStruct(struct, abi, copy, 0, value);
      t.deepEqual(readStruct(struct, abi, copy, 0, 'words'), value, name);
    }
  });

test('a struct that is not within the bytes is our bug', (t) => {
  t.throws(() => readStruct(blkif_request, 'x86_64', new Uint8Array(100)), {instanceOf: RangeError});
});
