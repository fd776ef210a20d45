import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {IoVector, openStorage, PENDING, type Storage, StorageError} from '../../backends/storage/index.ts';
import {NS_PER_S} from '../../hypervisor/schedule/index.ts';
import {BlockReader, IMAGE_BYTES, inOrder, scattered, type Workload} from './block-reader.ts';
import {type BenchRow, median} from './row.ts';

const WARM_UP_NS = NS_PER_S / 10;
const TURN_NS = NS_PER_S / 5;
const TURNS = 12;
const CHUNK_BYTES = 2 ** 20;
const CLUSTER_BITS = 16;

interface FormatCase extends Omit<Workload, 'storage'> {
  name: string;
}

const cases: readonly FormatCase[] = [
  {name: '4 KiB in order, depth 32', pages: 1, depth: 32, next: inOrder, persistent: true},
  {name: '4 KiB scattered, depth 32', pages: 1, depth: 32, next: scattered, persistent: true},
  {name: '44 KiB in order, depth 8', pages: 11, depth: 8, next: inOrder, persistent: true},
];

/** Reads of allocated clusters of a qcow2 image through the ring, against the same of a raw image. */
export const benchQcow2 = async (): Promise<BenchRow[]> => {
  const dir = mkdtempSync(join(tmpdir(), 'pvsim-bench-'));
  try {
    const raw = await filled(join(dir, 'disk.img'), (path) => writeFileSync(path, new Uint8Array(IMAGE_BYTES)));
    const qcow2 = await filled(`qcow2:${join(dir, 'disk.qcow2')}`, () => writeEmptyQcow2(join(dir, 'disk.qcow2')));
    const rows: BenchRow[] = [];
    for (const each of cases) rows.push(await compare(raw, qcow2, each));
    raw.close();
    qcow2.close();
    return rows;
  } finally {
    rmSync(dir, {recursive: true, force: true});
  }
};

const compare = async (raw: Storage, qcow2: Storage, {name, ...workload}: FormatCase): Promise<BenchRow> => {
  const ratios: number[] = [];
  const rates: number[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    // The other one first each time: what comes second finds a warmer machine.
    const order = turn % 2 === 0 ? [raw, qcow2] : [qcow2, raw];
    const measured = new Map<Storage, number>();
    for (const storage of order) measured.set(storage, await rate({storage, ...workload}));
    const ofQcow2 = measured.get(qcow2) ?? 0;
    ratios.push(ofQcow2 / (measured.get(raw) ?? 0));
    rates.push(ofQcow2);
  }
  return {
    name: `block: qcow2, ${name}, against the same reads of a raw image`,
    value: median(ratios),
    unit: 'of its rate',
    target: {value: 0.6, sense: 'at least'},
    beside: {name: 'reads', value: median(rates) / 1e6, unit: 'M/s'},
  };
};

/** Of a guest that comes and goes: two at once would share the thread. */
const rate = async (workload: Workload): Promise<number> => {
  const reader = new BlockReader(workload);
  await reader.schedule.sleep(WARM_UP_NS);
  const reads = await reader.measure(TURN_NS);
  reader.schedule.close();
  return reads;
};

/** An image with bytes everywhere. */
const filled = async (target: string, make: (path: string) => void): Promise<Storage> => {
  make(target);
  const storage = await openStorage(target, {readonly: false});
  if (storage instanceof StorageError) throw storage;
  const vector = new IoVector({u8: new Uint8Array(CHUNK_BYTES).fill(0x5a)}, 1);
  vector.add(0, CHUNK_BYTES);
  for (let at = 0; at < IMAGE_BYTES; at += CHUNK_BYTES) {
    await new Promise<void>((resolve) => {
      if (storage.write(vector, at, {complete: () => resolve()}) !== PENDING) resolve();
    });
  }
  return storage;
};

/** Header, refcount table, one refcount block and an L1 table of one cluster. */
const writeEmptyQcow2 = (path: string): void => {
  const cluster = 2 ** CLUSTER_BITS;
  const image = Buffer.alloc(4 * cluster);
  image.write('QFI\xfb', 'latin1');
  image.writeUInt32BE(3, 4);
  image.writeUInt32BE(CLUSTER_BITS, 20);
  image.writeBigUInt64BE(BigInt(IMAGE_BYTES), 24);
  image.writeUInt32BE(Math.ceil(IMAGE_BYTES / ((cluster / 8) * cluster)), 36);
  image.writeBigUInt64BE(BigInt(3 * cluster), 40);
  image.writeBigUInt64BE(BigInt(cluster), 48);
  image.writeUInt32BE(1, 56);
  image.writeUInt32BE(4, 96);
  image.writeUInt32BE(104, 100);
  image.writeBigUInt64BE(BigInt(2 * cluster), cluster);
  for (let i = 0; i < 4; i++) image.writeUInt16BE(1, 2 * cluster + 2 * i);
  writeFileSync(path, image);
};
