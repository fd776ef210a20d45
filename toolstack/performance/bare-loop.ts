import {closeSync, ftruncateSync, openSync, readSync, writeSync} from 'node:fs';
import {join} from 'node:path';
import {IMAGE_BYTES, type Workload} from './block-reader.ts';

/** A plain loop over the same file, with the same lengths in the same order. */
export class BareLoop {
  private readonly fd: number;
  private readonly buffer: Uint8Array;
  private readonly next: Workload['next'];
  private readonly blocks: number;
  private block = 0;

  constructor(path: string, lengthBytes: number, next: Workload['next']) {
    this.fd = openSync(path, 'r');
    this.buffer = new Uint8Array(lengthBytes);
    this.next = next;
    this.blocks = Math.floor(IMAGE_BYTES / lengthBytes);
  }

  /** Reads a second over one turn. */
  measure(runNs: number): number {
    const {fd, buffer, next, blocks} = this;
    const startMs = performance.now();
    const endMs = startMs + runNs / 1e6;
    let reads = 0;
    while (performance.now() < endMs) {
      for (let i = 0; i < 64; i++, reads++) {
        readSync(fd, buffer, 0, buffer.length, this.block * buffer.length);
        this.block = next(this.block, blocks);
      }
    }
    return (reads / (performance.now() - startMs)) * 1e3;
  }

  close(): void {
    closeSync(this.fd);
  }
}

/** A plain loop that writes a file of so many blocks, cuts it off, and writes it anew. */
export class BareWriter {
  private readonly fd: number;
  private readonly buffer: Uint8Array;
  private readonly blocks: number;
  private block = 0;

  constructor(path: string, lengthBytes: number, blocks: number) {
    this.fd = openSync(path, 'w');
    this.buffer = new Uint8Array(lengthBytes);
    this.blocks = blocks;
  }

  /** Writes a second over one turn. */
  measure(runNs: number): number {
    const {fd, buffer, blocks} = this;
    const startMs = performance.now();
    const endMs = startMs + runNs / 1e6;
    let writes = 0;
    for (; performance.now() < endMs; writes++) {
      if (this.block === 0) ftruncateSync(fd, 0);
      writeSync(fd, buffer, 0, buffer.length, this.block * buffer.length);
      this.block = (this.block + 1) % blocks;
    }
    return (writes / (performance.now() - startMs)) * 1e3;
  }

  close(): void {
    closeSync(this.fd);
  }
}

/** A file with bytes in every block, in the page cache. */
export const makeImage = (dir: string): string => {
  const path = join(dir, 'disk.img');
  const fd = openSync(path, 'w');
  const chunk = new Uint8Array(2 ** 20).fill(0x5a);
  for (let at = 0; at < IMAGE_BYTES; at += chunk.length) writeSync(fd, chunk, 0, chunk.length, at);
  ftruncateSync(fd, IMAGE_BYTES);
  closeSync(fd);
  return path;
};
