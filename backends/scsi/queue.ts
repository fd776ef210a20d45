import type {Subscription} from 'rxjs';
import {GNTMAP_host_map, GNTMAP_readonly} from '../../hypervisor/abi/grant-table.ts';
import {
  VSCSIIF_ACT_SCSI_ABORT,
  VSCSIIF_ACT_SCSI_CDB,
  VSCSIIF_ACT_SCSI_RESET,
  VSCSIIF_MAX_COMMAND_SIZE,
  XEN_VSCSIIF_RSLT_HOST_ABORT,
  XEN_VSCSIIF_RSLT_HOST_ERROR,
  XEN_VSCSIIF_RSLT_HOST_NO_CONNECT,
  XEN_VSCSIIF_RSLT_HOST_OK,
  XEN_VSCSIIF_RSLT_HOST_RESET,
  XEN_VSCSIIF_RSLT_RESET_FAILED,
  XEN_VSCSIIF_RSLT_RESET_SUCCESS,
} from '../../hypervisor/abi/io/vscsiif.ts';
import {counted} from '../../hypervisor/cost/index.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {OVERRUN} from '../mapped-ring.ts';
import type {Transport} from '../ring-transport.ts';
import type {ScsiBus} from './bus.ts';
import {ScsiRequest, SEGMENT_WORDS} from './request.ts';
import {ScsiRingEnd} from './ring-end.ts';
import {MAX_SEGMENTS, REFUSED, SegmentReader} from './segments.ts';
import {Slot} from './slot.ts';
import type {ScsiMeter} from './stats.ts';
import {type DataDirection, type ScsiResult, TASK_ABORTED, type UnitTarget} from './target/index.ts';

/** By sc_data_direction. */
const directions: readonly DataDirection[] = ['both', 'out', 'in', 'none'];

const noSense: Uint8Array = new Uint8Array(0);

export interface ScsiQueueOptions {
  ops: HypervisorOps;
  transport: Transport;
  bus: ScsiBus;
  meter: ScsiMeter;
  /** Segments of an indirect request at most; 0: none are offered. */
  maxIndirect: number;
  /** How the device is called in traces. */
  name: string;
  /** The frontend broke the ring's rules; the queue has stopped. */
  onBroken: (reason: string) => void;
}

/** Serves one ring: takes requests, checks them, has targets execute them, answers each once. */
export class ScsiQueue {
  private readonly options: ScsiQueueOptions;
  private readonly ops: HypervisorOps;
  private readonly ring: ScsiRingEnd;
  private readonly request = new ScsiRequest();
  private readonly segments: SegmentReader;
  private readonly idle: Slot[];
  private readonly busy = new Set<Slot>();
  private subscription: Subscription | undefined;
  private drainPosted = false;
  private publishPosted = false;
  private stopped = false;
  /** Aborts and resets under way. */
  private managing = 0;
  private whenIdle: (() => void) | undefined;

  private readonly actions: Readonly<Record<number, (() => void) | undefined>> = {
    [VSCSIIF_ACT_SCSI_CDB]: () => this.command(),
    [VSCSIIF_ACT_SCSI_ABORT]: () => this.abort(),
    [VSCSIIF_ACT_SCSI_RESET]: () => this.reset(),
  };

  constructor(options: ScsiQueueOptions) {
    const {ops, transport, bus, maxIndirect} = options;
    this.options = options;
    this.ops = ops;
    this.ring = new ScsiRingEnd(ops, transport);
    this.segments = new SegmentReader(ops, transport.otherDomid, maxIndirect);
    const memory = ops.mappedMemory(transport.ringHandles[0]);
    this.idle = Array.from({length: this.ring.entries}, () => new Slot(bus.nexus, memory, MAX_SEGMENTS));
  }

  /** Serves the ring from now on, beginning with what is in it. */
  start(): void {
    this.subscription = this.ops.events(this.options.transport.port).subscribe(this.drain);
    this.drainLater();
  }

  /** Takes no more requests, and ends those under way. Resolves when nothing of the guest is mapped for them. */
  async stop(): Promise<void> {
    this.halt();
    const idle = new Promise<void>((resolve) => (this.whenIdle = resolve));
    this.reportIdle();
    await this.options.bus.dropNexus();
    await idle;
  }

  toString(): string {
    return `${this.options.name}: ${String(this.ring)}, ${this.busy.size} in flight`;
  }

  /** One turn: what the ring holds now. A ring full of requests is as many as there are slots. */
  private readonly drain = (): void => {
    this.drainPosted = false;
    if (this.stopped) return;
    this.ring.followMemory();
    const waiting = this.ring.look();
    if (waiting === OVERRUN) return this.giveUp();
    for (let taken = 0; taken < waiting; taken++) this.takeOne();
    this.ops.account?.add(counted.request, waiting);
    this.publish();
    if (!this.ring.awaitRequests()) this.drainLater();
  };

  private takeOne(): void {
    const {request} = this;
    this.ring.take(request);
    const action = this.actions[request.act];
    if (action === undefined) this.refuse(XEN_VSCSIIF_RSLT_HOST_ERROR);
    else action();
  }

  private command(): void {
    const {request} = this;
    const {channel, id, lun} = request;
    const target = this.options.bus.find(channel, id, lun);
    if (target === undefined) return this.refuse(XEN_VSCSIIF_RSLT_HOST_NO_CONNECT);
    const direction = directions[request.direction] as DataDirection | undefined;
    const slot = this.idle.at(-1);
    const isRight = direction !== undefined && request.cmdLen <= VSCSIIF_MAX_COMMAND_SIZE;
    if (slot === undefined || !isRight || !this.mapData(slot, direction)) {
      return this.refuse(XEN_VSCSIIF_RSLT_HOST_ERROR);
    }
    this.idle.pop();
    this.busy.add(slot);
    slot.rqid = request.rqid;
    slot.channel = channel;
    slot.id = id;
    slot.lun = lun;
    slot.cdb = request.copyCdb();
    slot.direction = direction;
    slot.hostWhenAborted = XEN_VSCSIIF_RSLT_HOST_RESET;
    this.execute(slot, target);
  }

  private execute(slot: Slot, target: UnitTarget): void {
    const result = target.execute(slot);
    if (result instanceof Promise) void result.then((late) => this.finishLate(slot, late));
    else this.finish(slot, result);
  }

  /** Maps the pages of the request, all of them, with the rights that its direction needs. */
  private mapData(slot: Slot, direction: DataDirection): boolean {
    const count = this.segments.read(this.request);
    if (count === REFUSED) return false;
    slot.reserve(count);
    slot.count = count;
    slot.data.clear();
    if (count === 0) return true;
    const {words} = this.segments;
    const {refs, handles, offsets} = slot;
    for (let i = 0; i < count; i++) refs[i] = words[i * SEGMENT_WORDS];
    const flags = direction === 'out' ? GNTMAP_host_map | GNTMAP_readonly : GNTMAP_host_map;
    const {otherDomid} = this.options.transport;
    if (this.ops.gnttabMapMany(otherDomid, refs, flags, handles, offsets, 0, count) < 0) return false;
    for (let i = 0; i < count; i++) {
      const range = words[i * SEGMENT_WORDS + 1];
      slot.data.add(offsets[i] + (range & 0xffff), range >>> 16);
    }
    return true;
  }

  private finishLate(slot: Slot, result: ScsiResult): void {
    if (!this.stopped) this.ring.followMemory();
    this.finish(slot, result);
    this.publishLater();
    this.reportIdle();
  }

  private finish(slot: Slot, {status, sense, transferBytes}: ScsiResult): void {
    const {lengthBytes} = slot.data;
    this.ops.gnttabUnmapMany(slot.handles, 0, slot.count);
    this.busy.delete(slot);
    this.idle.push(slot);
    const moved = Math.min(transferBytes, lengthBytes);
    this.options.meter.count(slot.direction, status, moved);
    const isAborted = status === TASK_ABORTED;
    const rslt = isAborted ? slot.hostWhenAborted << 16 : (XEN_VSCSIIF_RSLT_HOST_OK << 16) | status;
    this.respond(slot.rqid, VSCSIIF_ACT_SCSI_CDB, rslt, sense, lengthBytes - moved);
  }

  /** The command that it names ends first, and is answered first. */
  private abort(): void {
    const {rqid, act, refRqid, channel, id, lun} = this.request;
    this.options.meter.counters.aborts++;
    const isMeant = (slot: Slot): boolean =>
      slot.rqid === refRqid && slot.channel === channel && slot.id === id && slot.lun === lun;
    const slot = [...this.busy].find(isMeant);
    const target = this.options.bus.find(channel, id, lun);
    if (slot === undefined || target === undefined) return this.respond(rqid, act, XEN_VSCSIIF_RSLT_RESET_FAILED);
    slot.hostWhenAborted = XEN_VSCSIIF_RSLT_HOST_ABORT;
    this.manage(rqid, act, async () => (await target.abortTask(slot)) === 'complete');
  }

  private reset(): void {
    const {rqid, act, channel, id, lun} = this.request;
    this.options.meter.counters.resets++;
    const target = this.options.bus.find(channel, id, lun);
    if (target === undefined) return this.respond(rqid, act, XEN_VSCSIIF_RSLT_RESET_FAILED);
    this.manage(rqid, act, async () => (await target.resetUnit(lun)) === 'complete');
  }

  private manage(rqid: number, act: number, operation: () => Promise<boolean>): void {
    this.managing++;
    void operation().then((succeeded) => {
      // What it ended has its results in promises of its own: they are answered before.
      this.ops.schedule.post(() => this.answerManagement(rqid, act, succeeded));
    });
  }

  private answerManagement(rqid: number, act: number, succeeded: boolean): void {
    this.managing--;
    if (!this.stopped) this.ring.followMemory();
    this.respond(rqid, act, succeeded ? XEN_VSCSIIF_RSLT_RESET_SUCCESS : XEN_VSCSIIF_RSLT_RESET_FAILED);
    this.publishLater();
    this.reportIdle();
  }

  private refuse(host: number): void {
    const {rqid, act} = this.request;
    this.options.meter.counters.errors++;
    this.respond(rqid, act, host << 16);
  }

  private respond(rqid: number, act: number, rslt: number, sense = noSense, residual = 0): void {
    if (!this.stopped) this.ring.respond(rqid, act, rslt, sense, residual);
  }

  private publish(): void {
    this.publishPosted = false;
    if (!this.stopped) this.ring.publish();
  }

  /** The answers to all that ended in one turn are published in one go. */
  private publishLater(): void {
    if (this.stopped || this.publishPosted) return;
    this.publishPosted = true;
    this.ops.schedule.post(() => {
      if (!this.stopped) this.ring.followMemory();
      this.publish();
    });
  }

  private drainLater(): void {
    if (this.drainPosted) return;
    this.drainPosted = true;
    this.ops.schedule.post(this.drain);
  }

  /** @see ring.h, RING_REQUEST_PROD_OVERFLOW */
  private giveUp(): void {
    this.halt();
    this.options.onBroken(`ring over-run: ${String(this.ring)}`);
  }

  private halt(): void {
    this.stopped = true;
    this.subscription?.unsubscribe();
  }

  private reportIdle(): void {
    if (this.busy.size > 0 || this.managing > 0) return;
    this.whenIdle?.();
    this.whenIdle = undefined;
  }
}
