import test from 'ava';
import {array, assert, constantFrom, integer, property, tuple, uint8Array} from 'fast-check';
import {ByteQueue} from '../../hypervisor/byte-queue.ts';

const bytesOf = (...values: number[]): Uint8Array => Uint8Array.from(values);

test('push takes what fits, pushOver loses the oldest', (t) => {
  const queue = new ByteQueue(4);
  t.is(queue.push(bytesOf(1, 2, 3)), 3);
  t.is(queue.push(bytesOf(4, 5)), 1);
  t.deepEqual(queue.toBytes(), bytesOf(1, 2, 3, 4));
  t.is(queue.pushOver(bytesOf(6, 7)), 2);
  t.deepEqual(queue.toBytes(), bytesOf(3, 4, 6, 7));
  t.is(queue.pushOver(bytesOf(1, 2, 3, 4, 5, 6)), 6);
  t.deepEqual(queue.toBytes(), bytesOf(3, 4, 5, 6));
});

test('an empty queue has an empty head and can be cleared', (t) => {
  const queue = new ByteQueue(0);
  t.is(queue.pushOver(bytesOf(1)), 1);
  queue.clear();
  t.is(queue.head().length, 0);
});

const step = tuple(constantFrom('push', 'pushOver', 'skip'), uint8Array({maxLength: 700}), integer({min: 0, max: 900}));

test('behaves as a plain array, across growth and wrap', (t) => {
  assert(
    property(constantFrom(1, 300, 1024), array(step, {maxLength: 40}), (limit, steps) => {
      const queue = new ByteQueue(limit);
      let model: number[] = [];
      const run = {
        push: (bytes: Uint8Array): void => {
          const fits = limit - model.length;
          t.is(queue.push(bytes), Math.min(fits, bytes.length));
          model.push(...bytes.subarray(0, fits));
        },
        pushOver: (bytes: Uint8Array): void => {
          t.is(queue.pushOver(bytes), Math.max(0, model.length + bytes.length - limit));
          model = [...model, ...bytes].slice(-limit);
        },
        skip: (_bytes: Uint8Array, most: number): void => {
          const head = Array.from(queue.head());
          t.deepEqual(head, model.slice(0, head.length));
          t.true(model.length === 0 || head.length > 0);
          const count = Math.min(most, model.length);
          queue.skip(count);
          model = model.slice(count);
        },
      };
      for (const [kind, bytes, count] of steps) {
        run[kind](bytes, count);
        t.is(queue.length, model.length);
        t.deepEqual(Array.from(queue.toBytes()), model);
      }
    }),
    {seed: 1},
  );
});
