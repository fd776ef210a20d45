import {
  XEN_VSCSIIF_RSLT_HOST_ABORT,
  XEN_VSCSIIF_RSLT_HOST_NO_CONNECT,
  XEN_VSCSIIF_RSLT_HOST_OK,
  XEN_VSCSIIF_RSLT_HOST_RESET,
} from '../../../hypervisor/abi/io/vscsiif.ts';
import {PAGE_SIZE} from '../../../hypervisor/memory/index.ts';
import {NS_PER_S} from '../../../hypervisor/schedule/index.ts';
import type {NativeMachine} from '../machine.ts';
import {type GuestPciDevice, PCI_COMMAND_MASTER} from '../pci.ts';
import type {Job, JobEnd, UnitAddress} from './command.ts';
import {DriverFrames} from './frames.ts';
import {LsiChip} from './chip.ts';
import * as r from './registers.ts';
import {Slot} from './slot.ts';
import {StartQueue} from './start-queue.ts';

const SLOTS = 32;
/** That long a target has to take a message. */
const MESSAGE_TIMEOUT_NS = 5 * NS_PER_S;

const IDENTIFY = 0x80;
const SIMPLE_QUEUE_TAG = 0x20;
const BUS_DEVICE_RESET = 0x0c;
const ABORT_TAG = 0x0d;

const noData = new Uint8Array(0);

export interface CommandRequest {
  readonly address: UnitAddress;
  readonly cdb: Uint8Array;
  readonly dataOut?: Uint8Array;
  readonly dataInBytes: number;
  readonly timeoutNs: number;
  /** Before those that wait for a slot. */
  readonly isUrgent?: boolean;
}

/** Drives an LSI 53C895A: commands go through slots, which its script takes from a queue and tells of by INTFLY. */
export class LsiAdapter {
  private readonly machine: NativeMachine;
  private readonly chip: LsiChip;
  private readonly queue: StartQueue;
  private readonly frames: DriverFrames;
  private readonly counts = {commands: 0, interrupts: 0, aborts: 0, busResets: 0};
  private readonly freeIrq: () => void;
  private idle: readonly Slot[];
  private active: readonly Job[] = [];
  private waiting: readonly Job[] = [];

  /** Throws when the guest has no memory left. */
  constructor(machine: NativeMachine, pci: GuestPciDevice) {
    const {ops, interrupts} = machine;
    this.machine = machine;
    pci.enable(PCI_COMMAND_MASTER);
    this.chip = new LsiChip(machine.io, pci.bar(1), pci.bar(2));
    this.frames = new DriverFrames(ops);
    const slots = Array.from(
      {length: SLOTS + 1},
      (_, i) => new Slot(i, this.frames.takeOne(), ops.memory, this.chip.code),
    );
    const idleSlot = slots[SLOTS];
    idleSlot.prepareIdle();
    this.idle = slots.slice(0, SLOTS);
    const table = this.frames.takeOne();
    for (const {index, address} of this.idle) ops.memory.u32[(table * PAGE_SIZE) / 4 + index] = address;
    this.queue = new StartQueue(this.frames.takeOne(), idleSlot.address, ops.memory);
    this.freeIrq = interrupts.request(pci.irq, () => this.interrupt());
    this.chip.start(table * PAGE_SIZE, this.queue.start);
  }

  stats(): Readonly<Record<string, number>> {
    return {...this.counts};
  }

  /** Has a unit execute a command. */
  execute(request: CommandRequest): {job: Job; end: Promise<JobEnd>} {
    const {address, cdb, dataOut, dataInBytes, timeoutNs, isUrgent = false} = request;
    return this.submit({address, cdb, messages: [], dataOut, dataInBytes, timeoutNs}, isUrgent);
  }

  /** Ends a command: one that waits at once, one that its target has by a message. */
  abort(job: Job): void {
    if (this.waiting.includes(job)) {
      this.waiting = this.waiting.filter((other) => other !== job);
      return this.end(job, XEN_VSCSIIF_RSLT_HOST_ABORT);
    }
    if (job.slot === undefined) return;
    this.counts.aborts++;
    const {id, lun} = job.address;
    const sent = this.manage(id, [IDENTIFY | lun, SIMPLE_QUEUE_TAG, job.slot.index, ABORT_TAG]);
    void sent.then(() => this.end(job, XEN_VSCSIIF_RSLT_HOST_ABORT));
  }

  /** Ends all that a target does. False: it is not there. */
  async reset(id: number): Promise<boolean> {
    const {host} = await this.manage(id, [IDENTIFY, BUS_DEVICE_RESET]);
    for (const job of this.active) if (job.address.id === id) this.end(job, XEN_VSCSIIF_RSLT_HOST_RESET);
    return host === XEN_VSCSIIF_RSLT_HOST_OK;
  }

  /** Leaves the chip silent. What is under way ends as by a reset. */
  close(): void {
    this.chip.stop();
    this.freeIrq();
    for (const job of [...this.active, ...this.waiting]) this.end(job, XEN_VSCSIIF_RSLT_HOST_RESET);
    this.waiting = [];
    this.frames.release();
  }

  private manage(id: number, messages: readonly number[]): Promise<JobEnd> {
    const address = {id, lun: 0};
    const request = {address, cdb: undefined, messages, dataOut: undefined, dataInBytes: 0};
    return this.submit({...request, timeoutNs: MESSAGE_TIMEOUT_NS}, true).end;
  }

  private submit(
    request: Omit<Job, 'resolve' | 'slot' | 'frames' | 'timer'>,
    isUrgent: boolean,
  ): {job: Job; end: Promise<JobEnd>} {
    let resolve!: (end: JobEnd) => void;
    const end = new Promise<JobEnd>((settle) => (resolve = settle));
    const job: Job = {...request, resolve, slot: undefined, frames: [], timer: undefined};
    this.waiting = isUrgent ? [job, ...this.waiting] : [...this.waiting, job];
    job.timer = this.machine.ops.schedule.after(job.timeoutNs, () => this.expire(job));
    this.startWaiting();
    return {job, end};
  }

  /** Moves what waits into slots as long as there are some, and memory for its data. */
  private startWaiting(): void {
    let started = 0;
    for (const job of this.waiting) {
      if (this.idle.length === 0 || !this.start(job)) break;
      started++;
    }
    if (started === 0) return;
    this.waiting = this.waiting.slice(started);
    this.chip.signal();
  }

  private start(job: Job): boolean {
    const {address, cdb, dataOut, dataInBytes, messages} = job;
    const bytes = dataOut?.length ?? dataInBytes;
    const frames = this.frames.take(bytes);
    if (frames === undefined) return false;
    const [slot, ...rest] = this.idle;
    this.idle = rest;
    this.active = [...this.active, job];
    job.slot = slot;
    job.frames = frames;
    this.counts.commands++;
    if (dataOut !== undefined) this.frames.fill(frames, dataOut);
    if (cdb === undefined) slot.prepareMessage(address.id, messages);
    else slot.prepareCommand(address, cdb, {isOut: dataOut !== undefined, bytes, frames});
    this.queue.push(slot.address);
    return true;
  }

  private interrupt(): boolean {
    const status = this.chip.acknowledge();
    if (status === 0) return false;
    this.counts.interrupts++;
    if ((status & r.ISTAT_INTF) !== 0) this.finishDone();
    if ((status & (r.ISTAT_SIP | r.ISTAT_DIP)) !== 0) this.handleStop();
    this.startWaiting();
    return true;
  }

  private finishDone(): void {
    for (const job of this.active) if (job.slot?.isDone === true) this.end(job, XEN_VSCSIIF_RSLT_HOST_OK);
  }

  /** The script has stopped: nobody answered a selection, or something is wrong. */
  private handleStop(): void {
    const causes = this.chip.takeCauses();
    if (causes.scsi === r.SIST_STO) {
      const current = this.chip.currentSlot;
      const job = this.active.find(({slot}) => slot?.address === current);
      if (job !== undefined) this.end(job, XEN_VSCSIIF_RSLT_HOST_NO_CONNECT);
      this.chip.goOn();
    } else if ((causes.scsi & ~r.SIST_RST) !== 0 || causes.dma !== 0) this.resetBus();
  }

  /** A command takes too long: its target is told to forget it. A target that does not take a message is reset with all. */
  private expire(job: Job): void {
    if (job.cdb === undefined) this.resetBus();
    else this.abort(job);
  }

  private resetBus(): void {
    this.counts.busResets++;
    this.chip.stop();
    this.queue.clear();
    for (const job of this.active) this.end(job, XEN_VSCSIIF_RSLT_HOST_RESET);
    this.chip.restart(this.queue.start);
    this.startWaiting();
  }

  /** Only the first end of a job counts. */
  private end(job: Job, host: number): void {
    const {slot, frames} = job;
    job.timer?.cancel();
    this.active = this.active.filter((other) => other !== job);
    job.slot = undefined;
    if (slot === undefined) return job.resolve({host, status: 0, data: noData, residualBytes: 0});
    const isOver = host === XEN_VSCSIIF_RSLT_HOST_OK && job.cdb !== undefined;
    const bytes = job.dataOut?.length ?? job.dataInBytes;
    const residualBytes = isOver ? slot.residualBytes : bytes;
    const data = new Uint8Array(isOver && job.dataOut === undefined ? bytes - residualBytes : 0);
    this.frames.drain(frames, data);
    this.frames.giveBack(frames);
    this.idle = [...this.idle, slot];
    job.resolve({host, status: isOver ? slot.status : 0, data, residualBytes});
  }
}
