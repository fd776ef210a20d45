import {type Observable, Subject} from 'rxjs';
import {type ByteRing, consoleRings, CORRUPT} from '../../hypervisor/abi/byte-ring.ts';
import {HVM_PARAM_CONSOLE_EVTCHN, HVM_PARAM_CONSOLE_PFN} from '../../hypervisor/abi/hvm/params.ts';
import {ByteQueue} from '../../hypervisor/byte-queue.ts';
import {counted, opsOfDevice} from '../../hypervisor/cost/index.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import type {ConsoleDevice} from '../api.ts';
import {type HvcStats, newHvcStats} from './stats.ts';

/** Output that waits behind the ring: past it the oldest is lost, as nobody reads. */
const OUTPUT_LIMIT = 64 * 1024;

const encoder = new TextEncoder();

interface RoomWaiter {
  mark: number;
  resolve: () => void;
}

/**
 * The guest's end of the console ring: hvc0. The page and the port are where the domain builder put them; there is no
 * xenbus handshake.
 * @see console.h; params.h, HVM_PARAM_CONSOLE_PFN
 */
export class HvcConsole implements ConsoleDevice {
  readonly gfn: number;
  readonly port: number;
  private readonly ops: HypervisorOps;
  private readonly counts = newHvcStats();
  private readonly queue = new ByteQueue(OUTPUT_LIMIT);
  private readonly typed = new Subject<Uint8Array>();
  private readonly scratch: Uint8Array;
  private waiters: RoomWaiter[] = [];
  private rings: {in: ByteRing; out: ByteRing};
  /** The view that `rings` were made of: the owner of the memory may replace it. */
  private view: Uint8Array;

  private constructor(ops: HypervisorOps, gfn: number, port: number) {
    this.ops = ops;
    this.gfn = gfn;
    this.port = port;
    this.view = ops.memory.u8;
    this.rings = this.mapRings();
    this.scratch = new Uint8Array(this.rings.in.size);
  }

  /** Undefined when the builder gave the domain no console. */
  static connect(kernel: HypervisorOps): HvcConsole | undefined {
    const ops = opsOfDevice(kernel, {domid: kernel.domid, device: 'console/0', side: 'front'});
    const gfn = ops.hvmParam(HVM_PARAM_CONSOLE_PFN);
    const port = ops.hvmParam(HVM_PARAM_CONSOLE_EVTCHN);
    if (gfn === 0 || port === 0 || !ops.memory.isPopulated(gfn)) return undefined;
    const device = new HvcConsole(ops, gfn, port);
    ops.events(port).subscribe({next: device.onEvent, complete: () => device.typed.complete()});
    return device;
  }

  get input(): Observable<Uint8Array> {
    return this.typed.asObservable();
  }

  /** Output that is not on the ring yet. */
  get queuedBytes(): number {
    return this.queue.length;
  }

  write(data: Uint8Array | string): void {
    this.counts.droppedBytes += this.queue.pushOver(typeof data === 'string' ? encoder.encode(data) : data);
    this.flush();
  }

  /** Resolves when at most `mark` bytes wait behind the ring: 0 when all of it is on the ring. */
  room(mark: number): Promise<void> {
    if (this.queue.length <= mark) return Promise.resolve();
    return new Promise((resolve) => this.waiters.push({mark, resolve}));
  }

  stats(): Readonly<HvcStats> {
    return {...this.counts};
  }

  toString(): string {
    return `hvc0 port=${this.port} in: ${this.rings.in.toString()}; out: ${this.rings.out.toString()}`;
  }

  private readonly onEvent = (): void => {
    this.counts.events++;
    this.receive();
    this.flush();
  };

  private receive(): void {
    const count = this.currentRings().in.read(this.scratch);
    if (count === CORRUPT) this.counts.corrupt++;
    if (count <= 0) return;
    this.counts.inBytes += count;
    this.ops.account?.add(counted.memcpyBytes, count);
    this.notify();
    this.typed.next(this.scratch.slice(0, count));
  }

  /** Moves what waits to the ring. An index of the peer's that cannot be is waited out: it may only cost output. */
  private flush(): void {
    const {out} = this.currentRings();
    let moved = 0;
    while (this.queue.length > 0) {
      const count = out.write(this.queue.head());
      if (count === CORRUPT) this.counts.corrupt++;
      if (count <= 0) break;
      this.queue.skip(count);
      moved += count;
    }
    if (moved === 0) return;
    this.counts.outBytes += moved;
    this.ops.account?.add(counted.memcpyBytes, moved);
    this.notify();
    this.wake();
  }

  private notify(): void {
    this.counts.notifies++;
    this.ops.evtchnSend(this.port);
  }

  private wake(): void {
    if (this.waiters.length === 0) return;
    const ready = this.waiters.filter(({mark}) => this.queue.length <= mark);
    this.waiters = this.waiters.filter(({mark}) => this.queue.length > mark);
    for (const {resolve} of ready) resolve();
  }

  private currentRings(): {in: ByteRing; out: ByteRing} {
    if (this.view !== this.ops.memory.u8) this.rings = this.mapRings();
    return this.rings;
  }

  private mapRings(): {in: ByteRing; out: ByteRing} {
    this.view = this.ops.memory.u8;
    return consoleRings(this.view, this.ops.memory.u32, this.gfn * PAGE_SIZE);
  }
}
