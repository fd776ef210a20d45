import type {Storage} from '../../backends/storage/index.ts';
import {discard, flush, readBytes, writeBytes} from './storage.ts';

const SECTOR = 512;

/** Numbers from a seed. */
export const seeded = (seed: number): ((below: number) => number) => {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
};

/** Does `count` random reads, writes, discards and flushes to an image and to its model; throws where they differ. */
export const exercise = async (
  storage: Storage,
  model: Buffer,
  random: (below: number) => number,
  count: number,
): Promise<void> => {
  for (let i = 0; i < count; i++) {
    const kind = random(10);
    const length = SECTOR * (1 + random(Math.min(kind < 2 ? 1000 : 60, model.length / SECTOR)));
    const position = SECTOR * random((model.length - length) / SECTOR + 1);
    const what = `operation ${i}, ${length} bytes at ${position}`;
    if (kind < 6) {
      const bytes = Buffer.alloc(length, 1 + random(255));
      expect(await writeBytes(storage, position, bytes), length, `write, ${what}`);
      bytes.copy(model, position);
    } else if (kind < 8 && storage.discardGranularity > 0) {
      expect(await discard(storage, position, length), length, `discard, ${what}`);
      model.fill(0, position, position + length);
    } else if (kind === 8) {
      expect(await flush(storage), 0, `flush, ${what}`);
    } else {
      const got = await readBytes(storage, position, length);
      expect(Buffer.compare(got, model.subarray(position, position + length)), 0, `read, ${what}`);
    }
  }
};

const expect = (got: number, wanted: number, what: string): void => {
  if (got !== wanted) throw new Error(`${what}: ${got} in place of ${wanted}`);
};

/**
 * The same by many at once: each has a part of the disk to itself, whose ends lie inside clusters that it shares with its
 * neighbours.
 */
export const exerciseTogether = async (
  storage: Storage,
  model: Buffer,
  random: (below: number) => number,
  options: {parts: number; count: number},
): Promise<void> => {
  const {parts, count} = options;
  const sectors = Math.floor(model.length / SECTOR / parts);
  const part = async (first: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      const length = SECTOR * (1 + random(Math.min(sectors, 100)));
      const within = SECTOR * random(sectors - length / SECTOR + 1);
      const position = first * SECTOR + within;
      const kind = random(10);
      const what = `part at ${first}, operation ${i}, ${length} bytes at ${position}`;
      if (kind < 4) {
        const bytes = Buffer.alloc(length, 1 + random(255));
        expect(await writeBytes(storage, position, bytes), length, `write, ${what}`);
        bytes.copy(model, position);
      } else if (kind < 6 && storage.discardGranularity > 0) {
        expect(await discard(storage, position, length), length, `discard, ${what}`);
        model.fill(0, position, position + length);
      } else if (kind === 6) {
        expect(await flush(storage), 0, `flush, ${what}`);
      } else {
        const got = await readBytes(storage, position, length);
        expect(Buffer.compare(got, model.subarray(position, position + length)), 0, `read, ${what}`);
      }
    }
  };
  await Promise.all(Array.from({length: parts}, (_, i) => part(i * sectors)));
};
