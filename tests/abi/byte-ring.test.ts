import test from 'ava';
import * as fc from 'fast-check';
import {ByteRing, CORRUPT, consoleRings, flexRings, xenstoreRings} from '../../hypervisor/abi/byte-ring.ts';

const PAGE = 4096;
const WRAP = 2 ** 32;

const memory = (pages: number) => {
  const u8 = new Uint8Array(pages * PAGE);
  return {u8, u32: new Uint32Array(u8.buffer)};
};

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const bytes = (from: string): Uint8Array => Buffer.from(from, 'latin1');

const small = (start: number, size = 16): ByteRing => {
  const {u8, u32} = memory(1);
  const ring = new ByteRing({u8, u32, base: 64, size, consOffset: 0, prodOffset: 4});
  ring.cons = start;
  ring.prod = start;
  return ring;
};

test('the console page: input, output and their indexes where console.h puts them', (t) => {
  const {u8, u32} = memory(2);
  const rings = consoleRings(u8, u32, PAGE);
  t.deepEqual([rings.in.size, rings.out.size], [1024, 2048]);
  rings.in.write(bytes('ls\n'));
  rings.out.write(bytes('login: '));
  t.is(text(u8.subarray(PAGE, PAGE + 3)), 'ls\n');
  t.is(text(u8.subarray(PAGE + 1024, PAGE + 1031)), 'login: ');
  t.deepEqual([...u32.subarray((PAGE + 3072) / 4, (PAGE + 3088) / 4)], [0, 3, 0, 7]);
  rings.out.skip(2);
  t.deepEqual([...u32.subarray((PAGE + 3072) / 4, (PAGE + 3088) / 4)], [0, 3, 2, 7]);
  t.true(u8.subarray(0, PAGE).every((byte) => byte === 0));
});

test('the store page: requests, replies and their indexes where xs_wire.h puts them', (t) => {
  const {u8, u32} = memory(2);
  const rings = xenstoreRings(u8, u32, PAGE);
  t.deepEqual([rings.req.size, rings.rsp.size], [1024, 1024]);
  rings.req.write(bytes('req'));
  rings.rsp.write(bytes('reply'));
  t.is(text(u8.subarray(PAGE, PAGE + 3)), 'req');
  t.is(text(u8.subarray(PAGE + 1024, PAGE + 1029)), 'reply');
  t.deepEqual([...u32.subarray((PAGE + 2048) / 4, (PAGE + 2064) / 4)], [0, 3, 0, 5]);
});

test('flex rings: half of the pages a direction, which may lie anywhere', (t) => {
  const {u8, u32} = memory(8);
  const dataPages = [6, 1, 4, 3].map((page) => page * PAGE);
  const rings = flexRings({u8, u32, indexPage: 7 * PAGE, dataPages});
  t.deepEqual([rings.in.size, rings.out.size], [2 * PAGE, 2 * PAGE]);
  rings.out.prod = PAGE - 2;
  rings.out.cons = PAGE - 2;
  t.is(rings.out.write(bytes('abcd')), 4);
  t.is(text(u8.subarray(5 * PAGE - 2, 5 * PAGE)), 'ab');
  t.is(text(u8.subarray(3 * PAGE, 3 * PAGE + 2)), 'cd');
  rings.in.write(bytes('in'));
  t.is(text(u8.subarray(6 * PAGE, 6 * PAGE + 2)), 'in');
  t.deepEqual([u32[(7 * PAGE) / 4 + 1], u32[(7 * PAGE + 68) / 4]], [2, PAGE + 2]);
  const packet = new Uint8Array(4);
  t.is(rings.out.read(packet), 4);
  t.is(text(packet), 'abcd');
});

test('flex rings of one page share it', (t) => {
  const {u8, u32} = memory(2);
  const rings = flexRings({u8, u32, indexPage: 0, dataPages: [PAGE]});
  t.deepEqual([rings.in.size, rings.out.size], [2048, 2048]);
  rings.out.write(bytes('x'));
  t.is(u8[PAGE + 2048], 'x'.charCodeAt(0));
});

test('a full ring takes no more, and an empty one gives nothing', (t) => {
  const ring = small(WRAP - 3);
  t.is(ring.read(new Uint8Array(4)), 0);
  t.is(ring.write(bytes('0123456789abcdefXY')), 16);
  t.deepEqual([ring.queued(), ring.space()], [16, 0]);
  t.is(ring.write(bytes('Z')), 0);
  const out = new Uint8Array(20);
  t.is(ring.read(out), 16);
  t.is(text(out.subarray(0, 16)), '0123456789abcdef');
  t.deepEqual([ring.cons, ring.prod], [13, 13]);
});

test('part of a source and part of a destination', (t) => {
  const ring = small(0);
  t.is(ring.write(bytes('..abc..'), 2, 5), 3);
  const out = bytes('------');
  t.is(ring.peek(out, 1, 3), 2);
  t.is(ring.read(out, 2, 6), 3);
  t.is(text(out), '-aabc-');
});

const corrupt: [prod: number, cons: number][] = [
  [17, 0],
  [0, 1],
  [5, WRAP - 12],
  [0x80000000, 0],
];
for (const [prod, cons] of corrupt)
  test(`indexes prod=${prod} cons=${cons} of 16 bytes are corrupt, and nothing is touched`, (t) => {
    const ring = small(0);
    ring.prod = prod;
    ring.cons = cons;
    const out = new Uint8Array(4).fill(7);
    t.deepEqual(
      [ring.queued(), ring.space(), ring.write(bytes('x')), ring.read(out), ring.peek(out), ring.skip(1)],
      [CORRUPT, CORRUPT, CORRUPT, CORRUPT, CORRUPT, CORRUPT],
    );
    t.deepEqual([ring.prod, ring.cons, ...out], [prod, cons, 7, 7, 7, 7]);
    t.regex(String(ring), /corrupt/);
  });

test('a place that cannot be is our bug', (t) => {
  const {u8, u32} = memory(1);
  const place = {u8, u32, base: 64, size: 16, consOffset: 0, prodOffset: 4};
  t.throws(() => new ByteRing({...place, size: 24}), {message: /power of two/});
  t.throws(() => new ByteRing({...place, base: [0, 8, 16]}), {message: /power of two/});
  t.throws(() => new ByteRing({...place, base: PAGE - 8}), {message: /outside memory/});
  t.throws(() => new ByteRing({...place, consOffset: 2}), {message: /aligned/});
  t.throws(() => new ByteRing({...place, prodOffset: PAGE}), {message: /outside memory/});
});

test('a byte ring is a queue of bytes, whatever the index it starts at', (t) => {
  const chunk = fc.record({write: fc.boolean(), n: fc.integer({min: 0, max: 300})});
  fc.assert(
    fc.property(
      fc.integer({min: WRAP - 300, max: WRAP - 1}),
      fc.constantFrom(1, 2, 4),
      fc.array(chunk, {maxLength: 60}),
      (start, parts, script) => {
        const {u8, u32} = memory(1);
        const size = 256;
        const base = Array.from({length: parts}, (_, i) => 2048 - (i * 512) / parts);
        const ring = new ByteRing({u8, u32, base, size, consOffset: 0, prodOffset: 4});
        ring.cons = start;
        ring.prod = start;
        const model: number[] = [];
        let next = 0;
        for (const {write, n} of script) {
          if (write) {
            const data = Uint8Array.from({length: n}, () => next++);
            const fits = Math.min(n, size - model.length);
            t.is(ring.write(data), fits);
            model.push(...data.subarray(0, fits));
          } else {
            const data = new Uint8Array(n);
            const got = ring.read(data);
            t.deepEqual([...data.subarray(0, got)], model.splice(0, n));
          }
          t.is(ring.queued(), model.length);
          t.is(ring.space(), size - model.length);
        }
      },
    ),
  );
});
