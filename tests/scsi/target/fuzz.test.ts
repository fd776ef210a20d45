import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import * as fc from 'fast-check';
import {
  Cartridge,
  CdromUnit,
  ChangerUnit,
  type DataDirection,
  DiskUnit,
  type LogicalUnit,
  TapeUnit,
  UnitTarget,
} from '../../../backends/scsi/target/index.ts';
import {ImageLocks, RamImage} from '../../../backends/storage/index.ts';
import {hexBytes, Initiator} from '../../support/scsi.ts';
import {temporaryDirectory} from '../../support/temporary.ts';

/** One unit of each kind: a disk, a CD, a changer with three cartridges, and its drive. */
const everyKind = async (t: ExecutionContext): Promise<Initiator> => {
  const directory = temporaryDirectory(t);
  const volumes = ['A', 'B', 'C'].map((label) => ({label, path: join(directory, `${label}.tap`)}));
  for (const {path} of volumes) writeFileSync(path, '');
  const tape = new TapeUnit({serial: 'T'});
  const cdrom = new CdromUnit({serial: 'C'});
  await cdrom.change(new RamImage(1 << 20, true));
  const locks = new ImageLocks();
  const open = ({path}: {path: string}): ReturnType<typeof Cartridge.open> =>
    Cartridge.open(path, {readonly: false, locks, capacityBytes: 4 << 20});
  const changer = new ChangerUnit({serial: 'M', volumes, slots: 4, ports: 1, drives: [tape], open, report: () => {}});
  const units: LogicalUnit[] = [new DiskUnit({storage: new RamImage(1 << 20), serial: 'D'}), tape, changer, cdrom];
  t.teardown(() => tape.close());
  const target = new UnitTarget();
  units.forEach((unit, lun) => target.attach(lun, unit));
  return new Initiator(target);
};

/** Operation codes and service actions that some kind knows, as often as any others. */
const opcodes = [
  ...hexBytes(
    `00 01 03 05 07 08 0a 10 11 12 15 19 1a 1b 1d 1e 25 28 2a 2b 2e 2f 34 35 37 41 42 43 44 46 4a 4d 51 52 55 5a 5e 5f
    88 89 8a 8b 8e 8f 90 91 92 93 9e a0 a3 a5 a6 a8 aa ae af b8 bd`,
  ),
];

/** Mostly zeroes and small numbers, so that many CDBs get past the first checks. */
const cdbByte = fc.oneof({weight: 6, arbitrary: fc.constant(0)}, {weight: 3, arbitrary: fc.nat(8)}, fc.nat(255));

const cdb = fc
  .tuple(fc.oneof({weight: 9, arbitrary: fc.constantFrom(...opcodes)}, fc.nat(255)), fc.array(cdbByte, {maxLength: 16}))
  .map(([opcode, rest]) => Uint8Array.of(opcode, ...rest, ...new Array<number>(Math.max(0, 15 - rest.length)).fill(0)))
  .chain((bytes) =>
    fc.oneof(
      {weight: 9, arbitrary: fc.constant(bytes.subarray(0, 16))},
      fc.constant(bytes),
      fc.nat(16).map((length) => bytes.subarray(0, length)),
    ),
  );

const request = fc.record({
  cdb,
  lun: fc.nat(4),
  from: fc.constantFrom('iqn.2026-01.test:one', 'iqn.2026-01.test:two'),
  direction: fc.constantFrom<DataDirection>('in', 'out', 'none'),
  length: fc.oneof(fc.constantFrom(0, 4, 8, 12, 24, 512, 1024, 2048, 4096, 65_536), fc.nat(5000)),
  fill: fc.constantFrom(0, 1, 0xff),
});

const statuses = new Set([0x00, 0x02, 0x18]);

test('no CDB and no data make a target throw, hang or write outside of the segments', async (t) => {
  const initiator = await everyKind(t);
  await fc.assert(
    fc.asyncProperty(fc.array(request, {minLength: 20, maxLength: 40}), async (requests) => {
      const all = requests.map(({cdb, lun, from, direction, length, fill}) => {
        const bytes = new Uint8Array(length).fill(fill);
        return initiator.send(cdb, {lun, from, direction, ...(direction === 'out' ? {out: bytes} : {room: length})});
      });
      for (const {status, senseBytes, transferBytes} of await Promise.all(all)) {
        t.true(statuses.has(status), `status ${status}`);
        t.is(status === 0x02, senseBytes.length > 0);
        t.true(senseBytes.length <= 96 && Number.isSafeInteger(transferBytes) && transferBytes >= 0);
      }
    }),
    {numRuns: 100, seed: 8, endOnFailure: true},
  );
});
