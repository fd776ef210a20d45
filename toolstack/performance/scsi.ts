import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Cartridge, DiskUnit, TapeUnit} from '../../backends/scsi/target/index.ts';
import {openStorage, RamImage, StorageError} from '../../backends/storage/index.ts';
import {DMA_FROM_DEVICE, DMA_TO_DEVICE} from '../../frontends/scsi/index.ts';
import {NS_PER_S, realClock} from '../../hypervisor/schedule/index.ts';
import {BareLoop, BareWriter, makeImage} from './bare-loop.ts';
import {IMAGE_BYTES, inOrder} from './block-reader.ts';
import {type BenchRow, median} from './row.ts';
import {ScsiInitiator} from './scsi-initiator.ts';

const WARM_UP_NS = NS_PER_S / 2;
const FILE_WARM_UP_NS = 3 * NS_PER_S;
const RUN_NS = NS_PER_S / 2;
const RUNS = 7;
const TURN_NS = NS_PER_S / 20;
const TURNS = 41;
/** All that the ring holds but for the slot that is kept for aborts. */
const DEPTH = 15;
const SMALL_BYTES = 4096;
const LARGE_BYTES = 128 * 1024;
const TAPE_BLOCK_BYTES = 64 * 1024;
const TAPE_BLOCKS = 2048;
const BLOCK_BYTES = 512;

/** READ (10) of the n-th stretch of the disk. */
const readInOrder = (bytes: number): ((n: number) => Uint8Array) => {
  const cdb = Uint8Array.of(0x28, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  const view = new DataView(cdb.buffer);
  view.setUint16(7, bytes / BLOCK_BYTES);
  return (n) => {
    view.setUint32(2, ((n * bytes) % IMAGE_BYTES) / BLOCK_BYTES);
    return cdb;
  };
};

const benchRam = async (): Promise<BenchRow> => {
  const unit = new DiskUnit({storage: new RamImage(IMAGE_BYTES), serial: 'RAM'});
  const cdb = readInOrder(SMALL_BYTES);
  const initiator = new ScsiInitiator({unit, depth: DEPTH, bytes: SMALL_BYTES, direction: DMA_FROM_DEVICE, cdb});
  await initiator.schedule.sleep(WARM_UP_NS);
  const rates: number[] = [];
  for (let run = 0; run < RUNS; run++) rates.push(await initiator.measure(RUN_NS));
  initiator.schedule.close();
  const name = `scsi: RAM disk, reads of 4 KiB, depth ${DEPTH}`;
  return {name, value: median(rates) / 1e3, unit: 'k commands/s', target: {value: 300, sense: 'at least'}};
};

const benchFile = async (path: string): Promise<BenchRow> => {
  const clock = realClock();
  const storage = await openStorage(path, {readonly: true, clock});
  if (storage instanceof StorageError) throw storage;
  const unit = new DiskUnit({storage, serial: 'FILE'});
  const cdb = readInOrder(LARGE_BYTES);
  const initiator = new ScsiInitiator({unit, depth: 8, bytes: LARGE_BYTES, direction: DMA_FROM_DEVICE, cdb});
  const loop = new BareLoop(path, LARGE_BYTES, inOrder);
  await initiator.schedule.sleep(FILE_WARM_UP_NS);
  loop.measure(WARM_UP_NS);
  const ratios: number[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    const bare = loop.measure(TURN_NS);
    ratios.push((await initiator.measure(TURN_NS)) / bare);
  }
  initiator.schedule.close();
  await unit.close();
  clock.close();
  loop.close();
  const name = 'scsi: file, reads of 128 KiB in order, depth 8, against a bare fs.readSync loop';
  return {name, value: median(ratios), unit: 'of its rate', target: {value: 0.85, sense: 'at least'}};
};

/** A tape that is written from its beginning again and again: a file that only grows is as fast as the machine finds memory. */
const benchTape = async (dir: string): Promise<BenchRow> => {
  const clock = realClock();
  const cartridge = await Cartridge.open(join(dir, 'a.tap'), {readonly: false, create: true, clock});
  if (cartridge instanceof StorageError) throw cartridge;
  const unit = new TapeUnit({serial: 'TAPE'});
  unit.insert(cartridge);
  const write = Uint8Array.of(0x0a, 0, TAPE_BLOCK_BYTES >>> 16, (TAPE_BLOCK_BYTES >>> 8) & 0xff, 0, 0);
  const rewind = Uint8Array.of(0x01, 0, 0, 0, 0, 0);
  const cdb = (n: number): Uint8Array => (n % (TAPE_BLOCKS + 1) === TAPE_BLOCKS ? rewind : write);
  const initiator = new ScsiInitiator({unit, depth: DEPTH, bytes: TAPE_BLOCK_BYTES, direction: DMA_TO_DEVICE, cdb});
  const bare = new BareWriter(join(dir, 'bare'), TAPE_BLOCK_BYTES, TAPE_BLOCKS);
  await initiator.schedule.sleep(FILE_WARM_UP_NS);
  bare.measure(WARM_UP_NS);
  const rates: number[] = [];
  const bareRates: number[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    bareRates.push(bare.measure(TURN_NS));
    rates.push(await initiator.measure(TURN_NS));
  }
  initiator.schedule.close();
  bare.close();
  await unit.close();
  clock.close();
  const speed = (all: readonly number[]): number => (median(all) * TAPE_BLOCK_BYTES) / 1e9;
  return {
    name: 'scsi: tape of 128 MiB, written in blocks of 64 KiB again and again',
    value: speed(rates),
    unit: 'GB/s',
    target: {value: 1, sense: 'at least'},
    beside: {name: 'a bare fs.writeSync loop', value: speed(bareRates), unit: 'GB/s'},
  };
};

export const benchScsi = async (): Promise<BenchRow[]> => {
  const dir = mkdtempSync(join(tmpdir(), 'pvsim-bench-'));
  try {
    return [await benchRam(), await benchFile(makeImage(dir)), await benchTape(dir)];
  } finally {
    rmSync(dir, {recursive: true, force: true});
  }
};
