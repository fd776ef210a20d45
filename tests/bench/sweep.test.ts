import test from 'ava';
import {type BenchPoint, deviceNames} from '../../toolstack/bench/point.ts';
import {type Selected, selectPoints, type Selection} from '../../toolstack/bench/cli/select.ts';

const selected = (selection: Partial<Selection>): Selected => selectPoints({device: 'block', ...selection});

const select = (selection: Partial<Selection>): readonly BenchPoint[] => selected(selection).points;

test('the default report has about 100 points, each once, of every device and driver', (t) => {
  const points = select({device: 'all'});
  t.true(points.length >= 80 && points.length <= 160, String(points.length));
  t.is(new Set(points.map((point) => JSON.stringify(point))).size, points.length);
  t.deepEqual([...new Set(points.map(({device}) => device))], [...deviceNames]);
});

test('lists make every combination', (t) => {
  const points = select({drivers: 'pv', sizes: '512,4K', depths: '1,8', queues: '1,2', guests: '3'});
  t.is(points.length, 8);
  t.deepEqual(points[7], {
    device: 'block',
    driver: 'pv',
    operation: 'read',
    sizeBytes: 4096,
    depth: 8,
    queues: 2,
    guests: 3,
  });
});

test('frames have sizes of their own', (t) => {
  const points = select({device: 'net', drivers: 'pv', packetSizes: '60,1514'});
  t.deepEqual(
    points.map(({operation, sizeBytes}) => [operation, sizeBytes]),
    [
      ['tx', 60],
      ['tx', 1514],
      ['rx', 60],
      ['rx', 1514],
    ],
  );
});

test('drivers go by name or by kind', (t) => {
  const namesOf = (drivers: string): string[] => [
    ...new Set(select({device: 'console', drivers}).map(({driver}) => driver)),
  ];
  t.deepEqual(namesOf('pv'), ['pv']);
  t.deepEqual(namesOf('emulated'), ['16550', '16550-polled']);
  t.deepEqual(namesOf('all'), ['pv', '16550', '16550-polled']);
});

test('what a driver cannot do is left to those that can', (t) => {
  const points = select({device: 'console', sizes: '80', depths: '1'});
  t.is(points.length, 3);
  t.deepEqual(new Set(select({device: 'all', guests: '32'}).map(({guests}) => guests)), new Set([32]));
});

test('of all devices, those that cannot do it are left out, and named', (t) => {
  const {points, leftOut} = selected({device: 'all', depths: '200'});
  t.deepEqual([...new Set(points.map(({device}) => device))], ['net']);
  t.deepEqual(leftOut, [
    'block pv: depth 200 is not 1..32, what its rings hold',
    'console pv: depth 200 is not 1..1, what its rings hold',
    'scsi pv: depth 200 is not 1..15, what its rings hold',
  ]);
});

test('a sweep is of what was asked for: devices without a list of their own do little', (t) => {
  const {points, leftOut} = selected({device: 'all', drivers: 'pv', sizes: '512'});
  t.deepEqual(leftOut, []);
  t.deepEqual(
    points.map(({device, operation, sizeBytes}) => `${device} ${operation} ${sizeBytes}`),
    [
      'block read 512',
      ...['tx', 'rx'].flatMap((operation) => [60, 256, 590, 1514].map((size) => `net ${operation} ${size}`)),
      'console out 512',
      'scsi read 512',
    ],
  );
});

const refused: readonly [Partial<Selection>, string][] = [
  [{sizes: '0'}, 'block pv: size 0 is not 512..1048576 in steps of 512'],
  [{sizes: '4K,1000'}, 'block pv: size 1000 is not 512..1048576 in steps of 512'],
  [{sizes: '2M', drivers: 'pv'}, 'block pv: size 2097152 is not 512..1048576 in steps of 512'],
  [{depths: '33'}, 'block pv: depth 33 is not 1..32, what its rings hold'],
  [{depths: '0'}, 'block pv: depth 0 is not 1..32, what its rings hold'],
  [{queues: '17'}, 'block pv: 17 queues are not 1..16'],
  [{guests: '33'}, 'block pv: 33 guests are not 1..32'],
  [
    {device: 'net', depths: '4096', queues: '16', guests: '2', drivers: 'pv'},
    'net pv: 8192 I/Os under way are more than 4096',
  ],
  [{device: 'console', depths: '2', drivers: '16550'}, 'console 16550: depth 2 is not 1..1, what its rings hold'],
  [{device: 'all', sizes: '0'}, 'block pv: size 0 is not 512..1048576 in steps of 512'],
  [{device: 'all', guests: '99'}, 'block pv: 99 guests are not 1..32'],
  [{packetSizes: '60'}, '--packet-sizes are of net'],
  [{device: 'net', sizes: '4K'}, '--sizes are not of net, which has --packet-sizes'],
  [{sizes: '4K,'}, '--sizes "4K,": an item is empty'],
  [{sizes: '4Q'}, '--sizes "4Q" is no number'],
  [{sizes: '-1'}, '--sizes "-1" is no number'],
  [{drivers: '16550'}, '--drivers 16550 is a driver of console, not of block'],
  [{drivers: 'pw'}, 'no driver "pw", did you mean pv?'],
  [{device: 'console', drivers: 'nonesuch'}, 'no driver "nonesuch": there are pv, 16550, 16550-polled, all, emulated'],
];

for (const [selection, message] of refused) {
  test(`refused: ${JSON.stringify(selection)}: ${message}`, (t) => {
    const error = t.throws(() => select(selection));
    t.is(error.message, `pvsim bench: ${message}`);
    t.is((error as {exitStatus?: number}).exitStatus, 2);
  });
}
