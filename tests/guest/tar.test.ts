import test from 'ava';
import {FakeMachine} from './machine.ts';

const pattern = (length: number): Uint8Array => Uint8Array.from({length}, (_, i) => (i * 31 + (i >>> 8)) & 0xff);

test('what is on disks goes into an archive on another one, and back', async (t) => {
  const machine = new FakeMachine();
  const disks = ['xvda', 'xvdb'].map((name, i) => machine.addDisk(name, pattern(10_240 * (3 + i))));
  const archive = machine.addDisk('xvdc', new Uint8Array(1 << 17));
  t.deepEqual(await machine.run('tar -c -v -f /dev/xvdc /dev/xvda /dev/xvdb'), {
    output: 'dev/xvda\ndev/xvdb\n',
    status: 0,
  });
  t.is(Buffer.from(archive.bytes).indexOf('ustar'), 257);
  for (const disk of disks) disk.bytes.fill(0);
  t.is(
    (await machine.run('tar tvf /dev/xvdc')).output,
    ['       30720 1970-01-01 00:00 dev/xvda\n', '       40960 1970-01-01 00:00 dev/xvdb\n'].join(''),
  );
  t.is((await machine.run('tar -xvf /dev/xvdc -b 1 /dev/xvdb')).output, 'dev/xvdb\n');
  t.deepEqual(disks[0].bytes, new Uint8Array(10_240 * 3), 'it was not asked for');
  t.deepEqual(disks[1].bytes, pattern(10_240 * 4));
  t.is(disks[1].flushes, 1);
  await machine.run('tar xf /dev/xvdc');
  t.deepEqual(disks[0].bytes, pattern(10_240 * 3));
});

test('a file that ends within a block', async (t) => {
  const machine = new FakeMachine();
  machine.addDisk('xvda', new Uint8Array(1 << 16));
  const {output: text} = await machine.run('cat /proc/partitions');
  t.true(text.length % 512 > 0);
  await machine.run('tar cf /dev/xvda -b 3 /proc/partitions');
  t.regex((await machine.run('tar tvf /dev/xvda')).output, new RegExp(`^ +${text.length} .* proc/partitions\n$`));
  t.is((await machine.run('tar xf /dev/xvda')).output, 'tar: /proc/partitions: Permission denied\n');
});

const refusals: readonly [line: string, output: string][] = [
  ['tar -f /dev/xvda', 'one of -c, -t and -x is needed'],
  ['tar -ctf /dev/xvda', 'one of -c, -t and -x is needed'],
  ['tar -t', '-f ARCHIVE is needed'],
  ['tar -zcf /dev/xvda /dev/xvdb', "invalid option -- 'z'"],
  ['tar cf /dev/xvda', 'Cowardly refusing to create an empty archive'],
  ['tar cf /dev/xvda /dev/zero', '/dev/zero: it has no end'],
  ['tar cf /dev/xvda /dev/none', '/dev/none: No such file or directory'],
  ['tar cf /dev/xvda /dev/xvdb', '/dev/xvda: No space left on device'],
  ['tar tf /dev/xvdb', '/dev/xvdb: This does not look like a tar archive'],
  ['tar tf /dev/null', 'Unexpected EOF in archive'],
  ['tar tf /dev/xvda -b 0', "invalid argument: '0': out of range: 1 <= value <= 8192"],
];

for (const [line, output] of refusals) {
  test(`${line}: ${output}`, async (t) => {
    const machine = new FakeMachine();
    machine.addDisk('xvda', new Uint8Array(20_480));
    machine.addDisk('xvdb', pattern(20_480));
    const {output: said, status} = await machine.run(line);
    t.is(said.split('\n')[0], `tar: ${output}`);
    t.is(status, 1);
  });
}

test('an archive that is cut off, and one that does not fit back', async (t) => {
  const machine = new FakeMachine();
  machine.addDisk('xvda', pattern(20_480));
  const {bytes} = machine.addDisk('xvdb', new Uint8Array(1 << 16));
  await machine.run('tar cf /dev/xvdb /dev/xvda');
  const other = new FakeMachine();
  other.addDisk('xvda', new Uint8Array(19_968));
  other.addDisk('xvdb', bytes);
  other.addDisk('xvdc', bytes.subarray(0, 10_240));
  t.is((await other.run('tar xf /dev/xvdb')).output, 'tar: /dev/xvda: No space left on device\n');
  t.is((await other.run('tar tf /dev/xvdc')).output, 'dev/xvda\ntar: Unexpected EOF in archive\n');
});
