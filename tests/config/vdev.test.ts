import test from 'ava';
import {numberToVdev, vdevToNumber} from '../../toolstack/config/vdev.ts';
import {readJsonFixture} from '../support/fixtures.ts';

type Facts = {forward: {vdev: string; devid: number}[]; reverse: {devid: number; vdev: string}[]};

const facts = readJsonFixture<Facts>('config', 'vdev-numbers.json');

test('names to numbers', (t) => {
  // libxl hands out negative numbers for a few impossible names; they are as invalid as its -1. Its `hd` without a
  // letter becomes hdb by the same slip.
  for (const {vdev, devid} of facts.forward) {
    const expected = devid < 0 || vdev === 'hd' ? undefined : devid;
    t.is(vdevToNumber(vdev), expected, JSON.stringify(vdev));
  }
});

test('numbers to names', (t) => {
  for (const {devid, vdev} of facts.reverse) t.is(numberToVdev(devid), vdev, String(devid));
});

test('every xvd name comes back from its number', (t) => {
  for (let disk = 0; disk < 1 << 20; disk += 997) {
    for (const partition of [0, 1, 15, 16, 255]) {
      const number = vdevToNumber(`d${disk}p${partition}`)!;
      const name = numberToVdev(number);
      t.is(vdevToNumber(name), number, name);
    }
  }
});

test('a name of many letters is refused without counting them all', (t) => {
  t.is(vdevToNumber(`xvd${'z'.repeat(1_000_000)}`), undefined);
});
