import test from 'ava';
import {formatNetFaults, parseNetFaults} from '../../../backends/network/index.ts';

for (const [text, faults, printed] of [
  ['', {}, 'none'],
  ['none', {}, 'none'],
  ['loss=1%', {loss: 0.01}, 'loss=1%'],
  [
    'loss=1 duplicate=0.5% reorder=25%',
    {loss: 1, duplicate: 0.005, reorder: 0.25},
    'loss=100% duplicate=0.5% reorder=25%',
  ],
  ['delay=5ms,jitter=250us', {delayNs: 5e6, jitterNs: 250e3}, 'delay=5ms jitter=250us'],
  ['delay=1.5s', {delayNs: 1.5e9}, 'delay=1.5s'],
  ['bandwidth=10Mbit seed=7', {bitsPerSecond: 1e7, seed: 7}, 'bandwidth=10Mbit seed=7'],
  ['delay=0ms loss=0', {delayNs: 0, loss: 0}, 'loss=0% delay=0ns'],
] as const) {
  test(`"${text}" reads, and prints as "${printed}"`, (t) => {
    t.deepEqual(parseNetFaults(text), faults);
    t.is(formatNetFaults(faults), printed);
    t.deepEqual(parseNetFaults(printed), faults);
  });
}

for (const [text, message] of [
  ['loss', '"loss" is none of loss=, duplicate=, reorder=, delay=, jitter=, bandwidth=, seed='],
  ['toString=1', '"toString=1" is none of loss=, duplicate=, reorder=, delay=, jitter=, bandwidth=, seed='],
  ['loss=101%', '"loss=101%": loss is in %, a number, and not so much'],
  ['loss=-1', '"loss=-1" is none of loss=, duplicate=, reorder=, delay=, jitter=, bandwidth=, seed='],
  ['delay=5', '"delay=5": delay is in ns, us, ms, s, and not so much'],
  ['delay=2000000s', '"delay=2000000s": delay is in ns, us, ms, s, and not so much'],
  ['none loss=1%', '"none" is none of loss=, duplicate=, reorder=, delay=, jitter=, bandwidth=, seed='],
] as const) {
  test(`"${text}" is refused`, (t) => {
    t.throws(() => parseNetFaults(text), {instanceOf: RangeError, message});
  });
}
