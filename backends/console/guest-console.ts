import {type Observable, Subject} from 'rxjs';
import {type ByteRing, consoleRings, CORRUPT} from '../../hypervisor/abi/byte-ring.ts';
import {EVTCHNSTAT_interdomain} from '../../hypervisor/abi/event-channel.ts';
import {GNTMAP_host_map, GNTTAB_RESERVED_CONSOLE} from '../../hypervisor/abi/grant-table.ts';
import {ByteQueue} from '../../hypervisor/byte-queue.ts';
import {errnoName} from '../../hypervisor/errno.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import {counted} from '../../hypervisor/cost/index.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import type {ConsoleLimits} from './limits.ts';
import type {ConsoleNodes} from './nodes.ts';
import {type ConsoleStats, newConsoleStats} from './stats.ts';

/** `waiting` for its nodes, `open`, or `closed` for good: the guest died or broke its ring. */
export type ConsoleState = 'waiting' | 'open' | 'closed';

/**
 * Dom0's end of one guest's console ring, and what the guest has said so far. The scrollback outlives the guest.
 * @see console.h; grant_table.h, GNTTAB_RESERVED_CONSOLE
 */
export class GuestConsole {
  readonly domid: number;
  private readonly ops: HypervisorOps;
  private readonly limits: ConsoleLimits;
  private readonly onOutput: (console: GuestConsole, bytes: Uint8Array) => void;
  private readonly counts = newConsoleStats();
  private readonly waitingInput: ByteQueue;
  private readonly chunks = new Subject<Uint8Array>();
  private kept: ByteQueue;
  private currentState: ConsoleState = 'waiting';
  private reason: string | undefined;
  private handle = -1;
  private port = -1;
  /** What it was opened with. */
  private nodes: ConsoleNodes | undefined;
  private rings: {in: ByteRing; out: ByteRing} | undefined;
  private view: Uint8Array | undefined;

  constructor(options: {
    domid: number;
    ops: HypervisorOps;
    limits: ConsoleLimits;
    onOutput: (console: GuestConsole, bytes: Uint8Array) => void;
  }) {
    this.domid = options.domid;
    this.ops = options.ops;
    this.limits = options.limits;
    this.onOutput = options.onOutput;
    this.kept = new ByteQueue(options.limits.scrollbackBytes);
    this.waitingInput = new ByteQueue(options.limits.inputBytes);
  }

  get state(): ConsoleState {
    return this.currentState;
  }

  /** Why it was closed. */
  get closeReason(): string | undefined {
    return this.reason;
  }

  /** What the guest writes, a chunk an event. Completes when the console closes. */
  get output(): Observable<Uint8Array> {
    return this.chunks.asObservable();
  }

  /** The last output, up to the limit. */
  get scrollback(): Uint8Array {
    return this.kept.toBytes();
  }

  stats(): Readonly<ConsoleStats> {
    return {...this.counts};
  }

  /** Maps the ring and binds the port. False, closed with the reason, when the guest's grant or nodes are wrong. */
  open(nodes: ConsoleNodes): boolean {
    if (this.currentState !== 'waiting') return false;
    if (nodes.limit !== undefined && nodes.limit < this.kept.limit) this.kept = new ByteQueue(nodes.limit);
    return this.connect(nodes);
  }

  /** Goes on where the toolstack says now, as after a soft reset. False, closed with the reason, when that is wrong. */
  follow(nodes: ConsoleNodes): boolean {
    const {nodes: old} = this;
    if (this.currentState !== 'open' || old === undefined) return false;
    // A guest that has closed its port may get one of the same number.
    if (nodes.port === old.port && nodes.ringRef === old.ringRef && !this.isPeerGone()) return true;
    this.drainSome();
    this.letGo();
    return this.connect(nodes);
  }

  /** Queues input for the guest. Returns the bytes taken: less than given when the guest does not read. */
  write(bytes: Uint8Array): number {
    const taken = this.currentState === 'closed' ? 0 : this.waitingInput.push(bytes);
    this.counts.droppedInputBytes += bytes.length - taken;
    this.feed();
    return taken;
  }

  /** True once the guest is gone, or has closed its end. */
  isPeerGone(): boolean {
    if (this.currentState !== 'open') return false;
    const status = this.ops.evtchnStatus(this.ops.domid, this.port);
    return typeof status === 'number' || status.status !== EVTCHNSTAT_interdomain;
  }

  /** Takes the last words off the ring and lets go of the page. */
  close(reason: string): void {
    this.drainSome();
    this.release(reason);
  }

  toString(): string {
    const ring = this.rings === undefined ? '' : ` out: ${this.rings.out.toString()}`;
    return `console d${this.domid} ${this.currentState}${ring}${this.reason === undefined ? '' : ` (${this.reason})`}`;
  }

  private readonly onEvent = (): void => {
    this.counts.events++;
    this.feed();
    this.drainTurn();
  };

  /** One bounded turn; what is left waits for the next. */
  private readonly drainTurn = (): void => {
    if (this.drainSome()) this.ops.schedule.post(this.drainTurn);
  };

  /** True when there may be more. */
  private drainSome(): boolean {
    let taken = 0;
    while (taken < this.limits.bytesPerEvent) {
      const count = this.drain();
      if (count <= 0) return false;
      taken += count;
    }
    return true;
  }

  /** Takes what is on the ring, at most one ring full. Returns the bytes, or CORRUPT. */
  private drain(): number {
    const out = this.currentRings()?.out;
    if (out === undefined) return 0;
    const queued = out.queued();
    if (queued > 0) {
      const bytes = new Uint8Array(queued);
      out.read(bytes);
      this.notify();
      this.deliver(bytes);
    } else if (queued === CORRUPT) this.release(`output indexes are corrupt: ${out.toString()}`);
    return queued;
  }

  private deliver(bytes: Uint8Array): void {
    this.counts.outBytes += bytes.length;
    this.ops.account?.add(counted.memcpyBytes, bytes.length);
    this.kept.pushOver(bytes);
    this.onOutput(this, bytes);
    this.chunks.next(bytes);
  }

  /** Puts what waits for the guest on its ring, as far as there is room. */
  private feed(): void {
    const ring = this.currentRings()?.in;
    if (ring === undefined) return;
    let moved = 0;
    while (this.waitingInput.length > 0) {
      const count = ring.write(this.waitingInput.head());
      if (count === CORRUPT) return this.release(`input indexes are corrupt: ${ring.toString()}`);
      if (count === 0) break;
      this.waitingInput.skip(count);
      moved += count;
    }
    if (moved === 0) return;
    this.counts.inBytes += moved;
    this.ops.account?.add(counted.memcpyBytes, moved);
    this.notify();
  }

  private notify(): void {
    this.counts.notifies++;
    this.ops.evtchnSend(this.port);
  }

  private connect(nodes: ConsoleNodes): boolean {
    this.nodes = nodes;
    this.handle = this.ops.gnttabMap(this.domid, GNTTAB_RESERVED_CONSOLE, GNTMAP_host_map);
    if (this.handle < 0) return this.refuse(`mapping the ring: GNTST ${this.handle}`);
    const granted = this.ops.mappedOffset(this.handle) / PAGE_SIZE;
    if (granted !== nodes.ringRef) return this.refuse(`ring-ref is ${nodes.ringRef}, and granted is frame ${granted}`);
    this.port = this.ops.evtchnBindInterdomain(this.domid, nodes.port);
    if (this.port < 0) return this.refuse(`binding port ${nodes.port}: ${errnoName(this.port)}`);
    this.currentState = 'open';
    this.ops.events(this.port).subscribe(this.onEvent);
    return true;
  }

  private refuse(reason: string): false {
    this.release(reason);
    return false;
  }

  private release(reason: string): void {
    if (this.currentState === 'closed') return;
    this.currentState = 'closed';
    this.reason = reason;
    this.letGo();
    this.waitingInput.clear();
    this.chunks.complete();
  }

  private letGo(): void {
    if (this.port >= 0) this.ops.evtchnClose(this.port);
    if (this.handle >= 0) this.ops.gnttabUnmap(this.handle);
    this.port = -1;
    this.handle = -1;
    this.rings = undefined;
  }

  /** The rings while the console is open. The guest's memory may have moved since the last look. */
  private currentRings(): {in: ByteRing; out: ByteRing} | undefined {
    if (this.currentState !== 'open') return undefined;
    const {u8, u32} = this.ops.mappedMemory(this.handle);
    if (this.rings === undefined || this.view !== u8) {
      this.view = u8;
      this.rings = consoleRings(u8, u32, this.ops.mappedOffset(this.handle));
    }
    return this.rings;
  }
}
