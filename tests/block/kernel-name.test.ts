import test from 'ava';
import {kernelName} from '../../frontends/block/index.ts';
import {readJsonFixture} from '../support/fixtures.ts';

interface Vdev {
  vdev: string;
  devid: number;
  back_to_name?: string;
}

test('disks have the names that Linux gives them', (t) => {
  const names: [number, string | undefined][] = [
    [51712, 'xvda'],
    [51713, 'xvda1'],
    [51727, 'xvda15'],
    [51728, 'xvdb'],
    [51952, 'xvdp'],
    [(1 << 28) | (16 << 8), 'xvdq'],
    [(1 << 28) | (25 << 8) | 3, 'xvdz3'],
    [(1 << 28) | (26 << 8), 'xvdaa'],
    [(1 << 28) | (701 << 8), 'xvdzz'],
    [(1 << 28) | (702 << 8), 'xvdaaa'],
    [3 << 8, 'xvda'],
    [(3 << 8) | 64, 'xvdb'],
    [22 << 8, 'xvdc'],
    [(22 << 8) | 65, 'xvdd1'],
    [(8 << 8) | 16, 'xvdb'],
    [0, undefined],
    [2 ** 29, undefined],
  ];
  t.deepEqual(
    names.map(([vdev]) => kernelName(vdev)),
    names.map(([, name]) => name),
  );
});

test('names of xvd numbers are those that xl has for them', (t) => {
  const {forward} = readJsonFixture<{forward: Vdev[]}>('config', 'vdev-numbers.json');
  const xvd = forward.filter(({vdev, devid}) => vdev.startsWith('xvd') && devid > 0);
  t.true(xvd.length > 10);
  for (const {devid, back_to_name} of xvd) t.is(kernelName(devid), back_to_name);
});
