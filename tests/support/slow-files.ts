import {type Clock, type FileCalls, nodeCalls} from '../../backends/storage/index.ts';
import {NS_PER_MS} from '../../hypervisor/schedule/index.ts';

const PAGE = 4096;

/**
 * Files on a disk that takes its time: what is not in the page cache, which is made up here, waits so long, and so does
 * the thread that asks. `cached` false: there is no such cache, each access waits.
 *
 * On its own clock nothing else takes time, however busy the machine is.
 */
export class SlowFiles {
  readonly calls: FileCalls;
  /** Accesses that were done on the calling thread, and how many of them had to wait. */
  atOnce = 0;
  stalls = 0;
  private elapsedMs = 0;
  private readonly delayMs: number;
  private readonly cached: boolean;
  private readonly pages = new Set<number>();

  constructor(delayMs: number, cached: boolean) {
    this.delayMs = delayMs;
    this.cached = cached;
    const slow = this as SlowFiles;
    this.calls = {
      ...nodeCalls,
      readSync: ((fd: number, buffer: Uint8Array, offset: number, length: number, position: number) => {
        slow.now(position, length);
        return nodeCalls.readSync(fd, buffer, offset, length, position);
      }) as FileCalls['readSync'],
      readvSync: ((fd: number, views: Uint8Array[], position: number) => {
        slow.now(position, PAGE);
        return nodeCalls.readvSync(fd, views, position);
      }) as FileCalls['readvSync'],
      writeSync: ((fd: number, buffer: Uint8Array, offset: number, length: number, position: number) => {
        slow.overwrite(position, length);
        slow.now(position, length);
        return nodeCalls.writeSync(fd, buffer, offset, length, position);
      }) as FileCalls['writeSync'],
      read: ((...args: [number, Buffer, number, number, number, () => void]) =>
        slow.later(args[4], args[3], () => nodeCalls.read(...args))) as unknown as FileCalls['read'],
      write: ((...args: [number, Buffer, number, number, number, () => void]) => {
        slow.overwrite(args[4], args[3]);
        slow.later(args[4], args[3], () => nodeCalls.write(...args));
      }) as unknown as FileCalls['write'],
      fdatasync: ((_fd: number, done: (error: null) => void) =>
        setTimeout(() => done(null), this.delayMs)) as unknown as FileCalls['fdatasync'],
    };
  }

  get clock(): Clock {
    return {
      now: () => this.elapsedMs * NS_PER_MS,
      after: () => {
        throw new Error('a file waits for its disk, and for nothing else');
      },
    };
  }

  /** What the kernel does when it needs the memory. */
  evict(): void {
    this.pages.clear();
  }

  /** A page that is written as a whole is in the cache from then on. */
  private overwrite(position: number, length: number): void {
    if (position % PAGE === 0 && length % PAGE === 0) this.hit(position, length);
  }

  private now(position: number, length: number): void {
    this.atOnce++;
    if (this.hit(position, length)) return;
    this.stalls++;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, this.delayMs);
    this.elapsedMs += this.delayMs;
  }

  private later(position: number, length: number, operation: () => void): void {
    if (this.hit(position, length)) {
      operation();
      return;
    }
    const endMs = this.elapsedMs + this.delayMs;
    setTimeout(() => {
      this.elapsedMs = Math.max(this.elapsedMs, endMs);
      operation();
    }, this.delayMs);
  }

  private hit(position: number, length: number): boolean {
    let all = this.cached;
    for (let page = Math.floor(position / PAGE); page * PAGE < position + length; page++) {
      all &&= this.pages.has(page);
      this.pages.add(page);
    }
    return all;
  }
}
