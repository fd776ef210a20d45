import test from 'ava';
import {benchSetups, findSetup, surroundingsOf} from '../../toolstack/bench/bench-setup.ts';
import {modelPoint} from '../../toolstack/bench/model-point.ts';
import type {BenchPoint} from '../../toolstack/bench/point.ts';
import {pointOf, prices} from './point.ts';

const throughput = (point: BenchPoint, setup: (typeof benchSetups)[number]): number =>
  modelPoint({entries: [], requests: 1}, point, {list: prices, setup}).throughputPerSec * point.sizeBytes;

const [path, kernels, gigabit, tenGigabit] = benchSetups;

test('the path alone adds nothing', (t) => {
  for (const device of ['block', 'net', 'console', 'scsi'] as const)
    t.deepEqual(surroundingsOf(pointOf({device}), path), {guestNs: 0, backendNs: 0});
});

test('kernels cost what P10 and P12 are fitted to: 52800 and 22050 cycles a request, 835 a frame sent', (t) => {
  const request = surroundingsOf(pointOf(), kernels);
  t.is(Math.round(request.guestNs * 2.1), 52_800);
  t.is(Math.round(request.backendNs * 2.1), 22_050);
  const frame = surroundingsOf(pointOf({device: 'net', operation: 'tx', sizeBytes: 1514}), kernels);
  t.is(Math.round(frame.guestNs * 2.1), 835);
  t.is(frame.device, undefined);
});

test('each further page of a request costs the backend more', (t) => {
  const backend = (sizeBytes: number): number => surroundingsOf(pointOf({sizeBytes}), kernels).backendNs;
  t.is(Math.round(backend(8192) - backend(512)), 1730);
  t.is(backend(512), backend(4096));
});

test('no throughput is beyond the disk or the link, and large I/Os reach it', (t) => {
  const disk = pointOf({sizeBytes: 131_072, depth: 32});
  const frames = pointOf({device: 'net', operation: 'tx', sizeBytes: 1514, depth: 64});
  const whole = [
    [disk, gigabit, 180e6],
    [frames, gigabit, 125e6],
    [frames, tenGigabit, 1250e6],
  ] as const;
  for (const [point, setup, rate] of whole) {
    const got = throughput(point, setup);
    t.true(got <= rate * 1.0001 && got > rate * 0.95, `${got} of ${rate}`);
  }
});

test('a console has no disk and no link, and nothing is known of its kernels', (t) => {
  t.deepEqual(surroundingsOf(pointOf({device: 'console', operation: 'out'}), gigabit), {guestNs: 0, backendNs: 0});
});

test('there is no setup of another name', (t) => {
  t.is(findSetup('gigabit'), gigabit);
  t.is(findSetup('toString'), undefined);
});
