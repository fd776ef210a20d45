import test from 'ava';
import {replay} from '../../hypervisor/abi/replay.ts';
import {readFixture} from '../support/fixtures.ts';

const vectors = readFixture('abi', 'ring-vectors.jsonl').split('\n');

test('the vectors of the real ring.h macros replay without a mismatch', (t) => {
  t.deepEqual(replay(vectors), {steps: 2000, mismatches: 0});
});

const change = (number: number, edit: Record<string, unknown>): string[] =>
  vectors.map((text, i) => (i === number - 1 ? JSON.stringify({...(JSON.parse(text) as object), ...edit}) : text));

test('a wrong hash is one mismatch, told with line, operation and both values', (t) => {
  const {h} = JSON.parse(vectors[25]) as {h: string};
  t.deepEqual(replay(change(26, {h: '00000000'})), {
    steps: 2000,
    mismatches: 1,
    first: {line: 26, op: 'query', what: 'h', expected: '00000000', actual: h},
  });
});

test('a wrong notify decision, work count or index is a mismatch', (t) => {
  for (const [op, what] of [
    ['fpushn', 'notify'],
    ['bfinal', 'work'],
    ['bget', 'r'],
    ['flexread', 'mc'],
    ['evil_req_prod', 'over'],
    ['init', 'nr'],
  ]) {
    const number = vectors.findIndex((text) => text.startsWith(`{"op":"${op}"`)) + 1;
    const {mismatches, first} = replay(change(number, {[what]: 'wrong'}));
    t.deepEqual([mismatches, first?.line, first?.op, first?.what], [1, number, op, what]);
  }
});

test('a request too many is seen in what follows', (t) => {
  const number = vectors.findIndex((text) => text.startsWith('{"op":"fput"')) + 1;
  const {mismatches, first} = replay(change(number, {c: 999}));
  t.true(mismatches > 1);
  t.is(first?.line, number);
});

test('blank lines and carriage returns are no steps', (t) => {
  t.deepEqual(replay([`${vectors[0]}\r`, '', ' ', vectors[1]]), {steps: 2, mismatches: 0});
});

const init = vectors[0];
const broken: [what: string, lines: string[], error: string][] = [
  ['no JSON', [init, '{"op":'], 'line 2: not JSON'],
  ['no object', [init, '[1]'], 'line 2: not an object'],
  ['no op', [init, '', '{"s":[]}'], 'line 3: no "op"'],
  ['an unknown op', [init, '{"op":"frob"}'], 'line 2: unknown op "frob"'],
  ['an op of Object.prototype', [init, '{"op":"constructor"}'], 'line 2: unknown op "constructor"'],
  ['an op of the other kind of session', [init, '{"op":"flexqueued"}'], 'line 2: unknown op "flexqueued"'],
  ['an op before any session', ['{"op":"fpush"}'], 'line 1: "fpush" before any init or flexinit'],
  ['a missing expectation', [init, '{"op":"ffinal","s":[],"h":""}'], 'line 2: no "work"'],
  ['no indexes', [init, '{"op":"fpush","h":""}'], 'line 2: no "s"'],
  ['no count', [init, '{"op":"fput","c":1}'], 'line 2: "n" is not an integer from 0 to 16777216'],
  ['a negative count', [init, '{"op":"fput","n":-1,"c":1}'], 'line 2: "n" is not an integer from 0 to 16777216'],
  [
    'an index beyond 32 bits',
    [init, '{"op":"query","x":4294967296}'],
    'line 2: "x" is not an integer from 0 to 4294967295',
  ],
  ['an unknown ring', ['{"op":"init","ring":"blk"}'], 'line 1: unknown ring "blk"'],
  ['an unknown abi', ['{"op":"init","ring":"blkif","abi":"arm"}'], 'line 1: unknown abi "arm"'],
  [
    'an area without an entry',
    ['{"op":"init","ring":"blkif","abi":"x86_64","size":128,"start":0}'],
    'line 1: "size" 128 makes no blkif ring',
  ],
  [
    'slots of a ring without a rule',
    [
      '{"op":"init","ring":"vscsiif","abi":"x86_64","size":4096,"start":0,"nr":16,"s":[],"h":""}',
      '{"op":"fput","n":1,"c":0}',
    ],
    'line 2: ring "vscsiif" has no rule for what its slots hold',
  ],
  ['an odd flex ring', ['{"op":"flexinit","size":3000,"start":0}'], 'line 1: "size" 3000 is not a power of two'],
];
for (const [what, lines, error] of broken)
  test(`${what} ends the replay with the line's number`, (t) => {
    t.is(replay(lines).error, error);
  });
