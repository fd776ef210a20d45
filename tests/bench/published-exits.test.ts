import test from 'ava';
import {countedFigures} from '../../toolstack/bench/figures.ts';
import type {BenchPoint} from '../../toolstack/bench/point.ts';
import {done, pointOf} from './point.ts';

/** Exits of the guest that one unit of work costs, as programming sequences give them: right within a quarter. */
interface Published {
  readonly what: string;
  readonly point: Partial<BenchPoint>;
  /** Units in an I/O: bytes of a console; 1 otherwise. */
  readonly units?: number;
  readonly least: number;
  readonly most: number;
}

const BAND = 0.25;

const block = {device: 'block', operation: 'read'} as const;
const net = {device: 'net', sizeBytes: 1514} as const;
const console = {device: 'console', operation: 'out'} as const;

const published: readonly Published[] = [
  {what: 'IDE PIO, a sector by REP INS', point: {...block, driver: 'ide-pio', sizeBytes: 512}, least: 10, most: 14},
  {what: 'IDE PIO, a sector by IN', point: {...block, driver: 'ide-pio-words', sizeBytes: 512}, least: 265, most: 265},
  {what: 'IDE DMA, a command', point: {...block, driver: 'ide-dma', sizeBytes: 65536}, least: 20, most: 24},
  {what: 'e1000, a frame sent', point: {...net, driver: 'e1000', operation: 'tx', depth: 64}, least: 1, most: 1},
  {what: 'e1000, an interrupt', point: {...net, driver: 'e1000', operation: 'rx'}, least: 4, most: 5},
  {what: 'RTL8139, a frame sent', point: {...net, driver: 'rtl8139', operation: 'tx'}, least: 3, most: 4},
  {what: 'RTL8139, a frame received', point: {...net, driver: 'rtl8139', operation: 'rx', depth: 4}, least: 3, most: 4},
  {
    what: '16550, a byte polled',
    point: {...console, driver: '16550-polled', sizeBytes: 80},
    units: 80,
    least: 2,
    most: 2,
  },
  {
    what: '16550, a byte of a FIFO',
    point: {...console, driver: '16550', sizeBytes: 1024},
    units: 1024,
    least: 1.2,
    most: 1.2,
  },
  {what: 'LSI 53C895A, a command', point: {device: 'scsi', driver: 'lsi53c895a', sizeBytes: 4096}, least: 5, most: 8},
  {what: 'blkfront, a request', point: {...block, driver: 'pv', sizeBytes: 65536}, least: 1, most: 1},
];

const exitsOf = countedFigures[0].value;

for (const {what, point, units = 1, least, most} of published) {
  const range = least === most ? String(least) : `${least} to ${most}`;
  test(`exits of ${what}: ${range} are published`, async (t) => {
    const exits = exitsOf(await done(pointOf(point))) / units;
    t.true(exits >= least * (1 - BAND) && exits <= most * (1 + BAND), String(exits));
  });
}
