import type {ScsiAddress} from '../../hypervisor/abi/io/vscsi-address.ts';
import {
  XEN_VSCSIIF_RSLT_HOST_RESET,
  XEN_VSCSIIF_RSLT_HOST_TIME_OUT,
  XEN_VSCSIIF_RSLT_RESET_SUCCESS,
} from '../../hypervisor/abi/io/vscsiif.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {NS_PER_S} from '../../hypervisor/schedule/index.ts';
import type {ScsiReply} from '../api.ts';
import {FramePool} from '../frame-pool.ts';
import type {Command} from './command.ts';
import type {ScsiResponse} from './response.ts';
import {DMA_FROM_DEVICE, DMA_TO_DEVICE, framesOf, type ScsiRing} from './ring.ts';

/** Commands that may wait for room on the ring. */
const MAX_QUEUED = 4096;
/** A backend that does not answer an abort or a reset in this time has failed it. */
const RECOVERY_NS = 10 * NS_PER_S;

const nothing = new Uint8Array(0);

/** Of a command that its unit did not answer. */
const unanswered = (host: number): ScsiReply => ({status: 0, host, sense: nothing, data: nothing, residualBytes: 0});

/**
 * Puts commands on a host's ring in the order they came, and takes care of those that take too long: first by an abort,
 * then by a reset of the unit. A rqid is used again only when its request was answered, so that a late answer cannot be
 * taken for another's.
 */
export class CommandQueue {
  private readonly ops: HypervisorOps;
  private readonly ring: ScsiRing;
  private readonly frames: FramePool;
  private waiting: Command[] = [];
  /** What is on the ring, by tag: commands, and what becomes of aborts and resets. */
  private readonly underWay = new Map<number, Command | ((succeeded: boolean) => void)>();
  private nextTag = 0;
  private stopped = false;

  constructor(ops: HypervisorOps, ring: ScsiRing) {
    this.ops = ops;
    this.ring = ring;
    this.frames = new FramePool(ops, true);
  }

  run(command: Command): Promise<ScsiReply> {
    if (this.stopped) command.fail('ENODEV', 'SCSI host');
    else if (this.waiting.length >= MAX_QUEUED) command.fail('EBUSY', 'SCSI host: queue full');
    else this.waiting.push(command);
    this.pump();
    return command.promise;
  }

  /** Puts on the ring what it has room for. */
  pump(): void {
    while (this.waiting.length > 0 && !this.ring.full && this.issue(this.waiting[0])) this.waiting.shift();
    this.ring.publish();
  }

  onComplete(tag: number, response: ScsiResponse): void {
    const ended = this.underWay.get(tag);
    this.underWay.delete(tag);
    if (ended === undefined) return;
    if (typeof ended === 'function') ended(response.rslt === XEN_VSCSIIF_RSLT_RESET_SUCCESS);
    else this.endCommand(ended, response);
  }

  /** Ends a command, wherever it is. */
  abort(command: Command): void {
    if (command.rqid !== undefined) this.end(command);
    else this.dropWaiting((each) => each === command);
  }

  reset(address: ScsiAddress): Promise<boolean> {
    return new Promise((resolve) => this.recover((tag) => this.ring.submitReset(address, tag), resolve));
  }

  /** Commands to a unit that is taken away end with ENODEV. */
  dropWaiting(isGone: (command: Command) => boolean): void {
    const gone = this.waiting.filter(isGone);
    this.waiting = this.waiting.filter((command) => !isGone(command));
    for (const command of gone) command.fail('ENODEV', 'SCSI unit');
  }

  /** The ring has stopped: what was out ends as by a reset, and is up to its sender; what waited never came anywhere. */
  close(): void {
    this.stopped = true;
    for (const each of this.underWay.values()) {
      if (typeof each === 'function') each(false);
      else each.end(unanswered(XEN_VSCSIIF_RSLT_HOST_RESET));
    }
    this.underWay.clear();
    this.dropWaiting(() => true);
    this.frames.release(() => false);
  }

  private issue(command: Command): boolean {
    const {cdb, direction, data, address} = command;
    const frames = this.frames.take(framesOf(Math.ceil(data.length / PAGE_SIZE)));
    if (frames === undefined) return this.failLonely(command);
    if (direction === DMA_TO_DEVICE) this.frames.fill(frames, data);
    const tag = this.nextTag;
    const {nextRqid} = this.ring;
    if (!this.ring.submit(address, cdb, direction, frames, data.length, tag)) {
      this.frames.giveBack(frames);
      return this.failLonely(command);
    }
    this.nextTag++;
    command.frames = frames;
    command.rqid = nextRqid;
    this.underWay.set(tag, command);
    command.timer = this.ops.schedule.after(command.timeoutNs, () => this.end(command));
    return true;
  }

  /** Memory or grants come back with answers; where nothing is out there is too little of them for ever. */
  private failLonely(command: Command): boolean {
    if (this.underWay.size > 0) return false;
    command.fail('ENOMEM', 'SCSI host');
    return true;
  }

  private endCommand(command: Command, response: ScsiResponse): void {
    const {data, direction, frames} = command;
    const moved = Math.max(0, data.length - response.residual);
    const isRead = direction === DMA_FROM_DEVICE;
    if (isRead) this.frames.drain(frames, data.subarray(0, moved));
    this.frames.giveBack(frames);
    command.rqid = undefined;
    const {rslt, sense} = response;
    const read = isRead ? data.subarray(0, moved) : nothing;
    const residualBytes = data.length - moved;
    command.end({status: rslt & 0xff, host: (rslt >>> 16) & 0xff, sense, data: read, residualBytes});
  }

  /** First by an abort, then by a reset of the unit. */
  private end(command: Command): void {
    const {address, rqid} = command;
    if (rqid === undefined) return;
    const byAbort = (tag: number): boolean => this.ring.submitAbort(address, rqid, tag);
    const byReset = (tag: number): boolean => this.ring.submitReset(address, tag);
    this.recover(byAbort, (aborted) => {
      if (aborted || command.rqid === undefined) this.giveUp(command);
      else this.recover(byReset, () => this.giveUp(command));
    });
  }

  /** Its pages stay the backend's until that answers after all. */
  private giveUp(command: Command): void {
    command.end(unanswered(XEN_VSCSIIF_RSLT_HOST_TIME_OUT));
  }

  private recover(submit: (tag: number) => boolean, then: (succeeded: boolean) => void): void {
    const tag = this.nextTag++;
    if (this.stopped || !submit(tag)) return then(false);
    const patience = this.ops.schedule.after(RECOVERY_NS, () => {
      this.underWay.delete(tag);
      then(false);
    });
    this.underWay.set(tag, (succeeded) => {
      patience.cancel();
      then(succeeded);
    });
    this.ring.publish();
  }
}
