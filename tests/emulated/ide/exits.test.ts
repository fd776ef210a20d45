import test from 'ava';
import {RamImage} from '../../../backends/storage/index.ts';
import {type IdeOptions, probeIde} from '../../../frontends/emulated/ide/index.ts';
import type {BlockDevice} from '../../../frontends/api.ts';
import {logAccesses} from '../../support/access-log.ts';
import {IdeRig} from '../../support/ide-rig.ts';

const BYTES = 8 << 20;

const DEVICE = 'out 1f6';
const ALT_STATUS = 'in 3f6';
const STATUS = 'in 1f7';
const COMMAND = 'out 1f7';
const ADDRESS = ['out 1f1', 'out 1f2', 'out 1f3', 'out 1f4', 'out 1f5'];
const BM_TABLE = 'out c004';
const BM_STATUS = 'in c002';
const BM_CLEAR = 'out c002';
const BM_COMMAND = 'out c000';
const EOI = 'eoi 14';

interface Run {
  /** Accesses in their order. */
  accesses: readonly string[];
  /** Exits that were counted, with the EOI. */
  exits: number;
}

/** What one operation of a drive takes. */
const runOf = async (
  kind: 'disk' | 'cdrom',
  options: IdeOptions,
  operation: (drive: BlockDevice) => Promise<unknown>,
): Promise<Run> => {
  const rig = new IdeRig([{kind, storage: new RamImage(BYTES)}]);
  const {machine, log} = logAccesses(rig.machine);
  const {drives} = await rig.run(() => probeIde(machine, options));
  await rig.settle();
  log.length = 0;
  let exits = 0;
  rig.meterIo((event) => {
    if (event === 'exit' || event === 'eoi') exits++;
  });
  await rig.run(() => operation(drives[0]));
  await rig.settle();
  return {accesses: log, exits};
};

const read =
  (bytes: number, offset = 0) =>
  (drive: BlockDevice): Promise<unknown> =>
    drive.read(offset, bytes);

const write =
  (bytes: number) =>
  (drive: BlockDevice): Promise<unknown> =>
    drive.write(0, new Uint8Array(bytes));

const begin = [DEVICE, ALT_STATUS];

// Published: 10 to 14.
test('PIO, a sector read by REP INS: 12 exits', async (t) => {
  const {accesses, exits} = await runOf('disk', {transfer: 'pio', blocks: 'single'}, read(512));
  t.deepEqual(accesses, [...begin, ...ADDRESS, COMMAND, STATUS, 'ins 1f0', ALT_STATUS, EOI]);
  t.is(exits, 12);
});

// Published: about 265.
test('PIO, a sector read word by word: 267 exits', async (t) => {
  const {accesses, exits} = await runOf('disk', {transfer: 'pio', blocks: 'single', words: 'single'}, read(512));
  const words = Array.from({length: 256}, () => 'in 1f0');
  t.deepEqual(accesses, [...begin, ...ADDRESS, COMMAND, STATUS, ...words, ALT_STATUS, EOI]);
  t.is(exits, 267);
});

// Each block of 16 sectors: two instructions, as it fills two pages.
test('PIO, 32 KiB read by READ MULTIPLE: 5 exits for each block of 8 KiB', async (t) => {
  const {accesses, exits} = await runOf('disk', {transfer: 'pio'}, read(32768));
  const block = [STATUS, 'ins 1f0', 'ins 1f0'];
  const blocks = [...block, EOI, ...block, EOI, ...block, EOI, ...block, ALT_STATUS, EOI];
  t.deepEqual(accesses, [...begin, ...ADDRESS, COMMAND, ...blocks]);
  t.is(exits, 25);
});

test('PIO, a sector written: 12 exits', async (t) => {
  const {accesses, exits} = await runOf('disk', {transfer: 'pio', blocks: 'single'}, write(512));
  t.deepEqual(accesses, [...begin, ...ADDRESS, COMMAND, ALT_STATUS, 'outs 1f0', STATUS, EOI]);
  t.is(exits, 12);
});

const beginDma = [...begin, BM_TABLE, BM_CLEAR, BM_COMMAND];
const endDma = [BM_STATUS, BM_COMMAND, STATUS, BM_CLEAR, EOI];

test('DMA, up to 128 KiB within the first 128 GiB: 17 exits', async (t) => {
  const expected = [...beginDma, ...ADDRESS, COMMAND, BM_COMMAND, ...endDma];
  for (const operation of [read(512), read(131_072), write(4096), write(131_072)]) {
    const {accesses, exits} = await runOf('disk', {}, operation);
    t.deepEqual(accesses, expected);
    t.is(exits, 17);
  }
});

// Published: 20 to 24.
test('DMA with a 48-bit command: 22 exits', async (t) => {
  for (const operation of [read(262_144), write(524_288)]) {
    const {accesses, exits} = await runOf('disk', {}, operation);
    t.deepEqual(accesses, [...beginDma, ...ADDRESS, ...ADDRESS, COMMAND, BM_COMMAND, ...endDma]);
    t.is(exits, 22);
  }
});

test('a flush: 10 exits', async (t) => {
  const {accesses, exits} = await runOf('disk', {}, (drive) => drive.flush());
  t.deepEqual(accesses, [...begin, ...ADDRESS, COMMAND, STATUS, EOI]);
  t.is(exits, 10);
});

test('ATAPI, 64 KiB read by DMA: 19 exits', async (t) => {
  const {accesses, exits} = await runOf('cdrom', {}, read(65_536));
  const packet = [ALT_STATUS, 'outs 1f0', BM_COMMAND];
  t.deepEqual(accesses, [...beginDma, ...ADDRESS, COMMAND, ...packet, ...endDma]);
  t.is(exits, 19);
});

test('ATAPI, a block read by PIO: 17 exits, of which 5 are its burst', async (t) => {
  const {accesses, exits} = await runOf('cdrom', {transfer: 'pio'}, read(2048));
  const burst = [STATUS, 'in 1f4', 'in 1f5', 'ins 1f0', EOI];
  t.deepEqual(accesses, [...begin, ...ADDRESS, COMMAND, ALT_STATUS, 'outs 1f0', ...burst, STATUS, EOI]);
  t.is(exits, 17);
});
