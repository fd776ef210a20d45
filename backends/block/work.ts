import {
  BLKIF_OP_DISCARD,
  BLKIF_OP_FLUSH_DISKCACHE,
  BLKIF_OP_WRITE_BARRIER,
  BLKIF_RSP_EOPNOTSUPP,
  BLKIF_RSP_ERROR,
  BLKIF_RSP_OKAY,
} from '../../hypervisor/abi/io/blkif.ts';
import {EIO, EOPNOTSUPP} from '../../hypervisor/errno.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {type ByteMemory, type Completion, PENDING} from '../storage/index.ts';
import type {InFlight} from './in-flight.ts';
import {overwrite} from './overwrite.ts';
import type {ServedDisk} from './served-disk.ts';
import {Transfer} from './transfer.ts';

const NONE = -1;

/** Operations of several steps. Their data, if they carry any, are written in the second; a barrier's are stable then. */
const plans: Readonly<Record<number, readonly ('flush' | 'data')[]>> = {
  [BLKIF_OP_FLUSH_DISKCACHE]: ['flush', 'data'],
  [BLKIF_OP_WRITE_BARRIER]: ['flush', 'data', 'flush'],
};

export interface WorkOptions {
  ops: HypervisorOps;
  /** The guest's. */
  memory: ByteMemory;
  disk: ServedDisk;
  inFlight: InFlight;
  /** A request has ended, with BLKIF_RSP_*. */
  onDone: (slot: number, status: number) => void;
  /** Around what is done after an operation that took its time. */
  enter: () => void;
  leave: () => void;
}

/**
 * Does the requests that were taken. Those that touch the same bytes are done in the order they came, and nothing that
 * comes after a barrier is begun before that has ended: both hold up the ring, as they are rare.
 */
export class RequestWork {
  private readonly options: WorkOptions;
  private readonly inFlight: InFlight;
  private readonly disk: ServedDisk;
  /** Of operations without a transfer, one a slot. */
  private readonly completions: readonly Completion[];
  private readonly idleTransfers: Transfer[] = [];
  /** What the requests of this drain have been gathered into so far. */
  private gathered: Transfer | undefined;
  /** The request that waits for others. */
  private held = NONE;
  private barrier = NONE;
  private stopped = false;

  constructor(options: WorkOptions) {
    this.options = options;
    this.inFlight = options.inFlight;
    this.disk = options.disk;
    this.completions = Array.from({length: this.inFlight.capacity}, (_, slot) => ({
      complete: (result: number) => this.resume(() => this.onStepDone(slot, result)),
    }));
  }

  /** No further request can be begun now. */
  get isBlocked(): boolean {
    return this.held !== NONE || this.barrier !== NONE;
  }

  /** Begins a request that was taken. */
  begin(slot: number): void {
    if (!this.joinsGathered(slot)) this.submitGathered();
    if (this.mustWait(slot)) this.held = slot;
    else this.start(slot);
  }

  /** To be called when no request follows for now. */
  submitGathered(): void {
    const {gathered} = this;
    if (gathered === undefined) return;
    this.gathered = undefined;
    this.submit(gathered);
  }

  /** Cuts long work short, and drops what has not begun. */
  stop(): void {
    this.stopped = true;
    if (this.held !== NONE) this.inFlight.release(this.held);
    this.held = NONE;
  }

  private mustWait(slot: number): boolean {
    const {inFlight} = this;
    if (inFlight.operation[slot] === BLKIF_OP_WRITE_BARRIER) return inFlight.count > 1;
    // Where storage never waits there is nothing under way but what is gathered, and that does not touch the same bytes.
    const others = inFlight.count - 1 - (this.gathered?.slotCount ?? 0);
    return others > 0 && inFlight.hasConflict(slot);
  }

  private start(slot: number): void {
    const operation = this.inFlight.operation[slot];
    if (operation === BLKIF_OP_DISCARD) return this.discardStep(slot);
    if (operation === BLKIF_OP_WRITE_BARRIER) this.barrier = slot;
    if (plans[operation] === undefined) this.gather(slot);
    else this.nextStep(slot);
  }

  private nextStep(slot: number): void {
    const {operation, step, nrSegments} = this.inFlight;
    const what = plans[operation[slot]][step[slot]];
    step[slot]++;
    if (what === undefined || (what === 'data' && nrSegments[slot] === 0)) this.finish(slot, BLKIF_RSP_OKAY);
    else if (what === 'data') this.submitAlone(slot);
    else this.await(slot, this.disk.storage.flush(this.completions[slot]));
  }

  private discardStep(slot: number): void {
    const {position, lengthBytes, secure} = this.inFlight;
    const {storage} = this.disk;
    const completion = this.completions[slot];
    const result =
      secure[slot] === 0
        ? storage.discard(position[slot], lengthBytes[slot], completion)
        : overwrite(storage, position[slot], lengthBytes[slot], completion);
    this.await(slot, result);
  }

  private await(slot: number, result: number): void {
    if (result !== PENDING) this.onStepDone(slot, result);
  }

  private onStepDone(slot: number, result: number): void {
    if (result < 0) this.finish(slot, result === -EOPNOTSUPP ? BLKIF_RSP_EOPNOTSUPP : BLKIF_RSP_ERROR);
    else if (this.inFlight.operation[slot] === BLKIF_OP_DISCARD) this.onDiscarded(slot, result);
    else this.nextStep(slot);
  }

  private onDiscarded(slot: number, bytes: number): void {
    const {position, lengthBytes, secure} = this.inFlight;
    position[slot] += bytes;
    lengthBytes[slot] -= bytes;
    if (lengthBytes[slot] > 0) return this.discardLater(slot);
    if (secure[slot] === 0) return this.finish(slot, BLKIF_RSP_OKAY);
    // What was overwritten has to have reached the disk.
    secure[slot] = 0;
    this.await(slot, this.disk.storage.flush(this.completions[slot]));
  }

  private discardLater(slot: number): void {
    if (this.stopped) return this.finish(slot, BLKIF_RSP_ERROR);
    this.options.ops.schedule.post(() => this.resume(() => this.discardStep(slot)));
  }

  private joinsGathered(slot: number): boolean {
    const {operation, position} = this.inFlight;
    if (this.gathered === undefined || plans[operation[slot]] !== undefined) return false;
    return (
      operation[slot] !== BLKIF_OP_DISCARD && this.gathered.isFollowedBy(!this.inFlight.isRead(slot), position[slot])
    );
  }

  private gather(slot: number): void {
    this.gathered ??= this.newTransfer(slot);
    this.gathered.add(slot, this.inFlight);
  }

  private submitAlone(slot: number): void {
    const transfer = this.newTransfer(slot);
    transfer.add(slot, this.inFlight);
    this.submit(transfer);
  }

  private newTransfer(slot: number): Transfer {
    const transfer = this.idleTransfers.pop() ?? this.makeTransfer();
    transfer.begin(!this.inFlight.isRead(slot), this.inFlight.position[slot]);
    return transfer;
  }

  private makeTransfer(): Transfer {
    return new Transfer(this.options.memory, this.inFlight.capacity, (transfer, result) =>
      this.resume(() => this.onTransferDone(transfer, result)),
    );
  }

  private submit(transfer: Transfer): void {
    const {faults} = this.options.ops;
    const result = faults.active && faults.hit('ioError') ? -EIO : transfer.run(this.disk.storage);
    if (result !== PENDING) this.onTransferDone(transfer, result);
  }

  private onTransferDone(transfer: Transfer, result: number): void {
    const {slots, slotCount} = transfer;
    const failed = result !== transfer.vector.lengthBytes;
    // Only the requests that are at fault may fail: each one again by itself.
    const again = failed && slotCount > 1;
    for (let i = 0; i < slotCount; i++) {
      if (again) this.submitAlone(slots[i]);
      else this.onDataDone(slots[i], failed);
    }
    this.idleTransfers.push(transfer);
  }

  private onDataDone(slot: number, failed: boolean): void {
    if (failed) this.finish(slot, BLKIF_RSP_ERROR);
    else if (plans[this.inFlight.operation[slot]] === undefined) this.finish(slot, BLKIF_RSP_OKAY);
    else this.nextStep(slot);
  }

  private finish(slot: number, status: number): void {
    if (this.barrier === slot) this.barrier = NONE;
    this.options.onDone(slot, status);
    const {held} = this;
    if (held === NONE || this.mustWait(held)) return;
    this.held = NONE;
    this.start(held);
    this.submitGathered();
  }

  /** Goes on after an operation that took its time. */
  private resume(goOn: () => void): void {
    this.options.enter();
    goOn();
    this.options.leave();
  }
}
