import type {TaskQueue, Timer} from '../../../hypervisor/schedule/index.ts';
import {NS_PER_MS, NS_PER_S} from '../../../hypervisor/schedule/index.ts';
import {DeviceIoError} from '../../api.ts';
import type {NativeMachine} from '../machine.ts';
import {ChannelMemory} from './channel-memory.ts';
import {type ChannelPlace, ChannelPorts} from './channel-ports.ts';
import {Command} from './command.ts';
import * as r from './registers.ts';
import type {AtaRequest, AtaResult} from './request.ts';

const TIMEOUT_NS = 30 * NS_PER_S;
/** Between two looks at a drive that is busy. */
const POLL_NS = 10_000;
const RESET_HOLD_NS = 5000;
const RESET_WAIT_NS = 2 * NS_PER_MS;
const MAX_RESET_POLLS = 1000;

interface Waiting {
  readonly request: AtaRequest;
  readonly resolve: (result: AtaResult) => void;
  readonly reject: (error: DeviceIoError) => void;
}

/** A channel that does one command at a time, whichever drive it is for: the others wait here. */
export class IdeChannel {
  readonly ports: ChannelPorts;
  readonly stats = {commands: 0, interrupts: 0, failures: 0, timeouts: 0, resets: 0};
  private readonly schedule: TaskQueue;
  private readonly memory: ChannelMemory;
  private readonly singleWords: boolean;
  private readonly freeIrq: () => void;
  private readonly queue: Waiting[] = [];
  private active: {waiting: Waiting; command: Command; timer: Timer} | undefined;
  private isResetting = false;
  private isClosed = false;

  constructor(machine: NativeMachine, place: ChannelPlace, singleWords: boolean) {
    this.ports = new ChannelPorts(machine.io, place);
    this.schedule = machine.ops.schedule;
    this.memory = new ChannelMemory(machine.ops);
    this.singleWords = singleWords;
    this.freeIrq = machine.interrupts.request(place.irq, () => this.onInterrupt());
  }

  /** Does a command when its turn comes. DeviceIoError: ENODEV when the channel is closed, ENOMEM without frames. */
  run(request: AtaRequest): Promise<AtaResult> {
    if (this.isClosed) return Promise.reject(new DeviceIoError('ENODEV', 'ide'));
    return new Promise((resolve, reject) => {
      this.queue.push({request, resolve, reject});
      this.next();
    });
  }

  /** Software reset of both drives. */
  async reset(): Promise<void> {
    const {ports} = this;
    this.stats.resets++;
    this.isResetting = true;
    ports.writeControl(r.CONTROL_SRST);
    await this.sleep(RESET_HOLD_NS);
    ports.writeControl(0);
    await this.sleep(RESET_WAIT_NS);
    for (let polls = 0; (ports.alternateStatus & r.STATUS_BSY) !== 0 && polls < MAX_RESET_POLLS; polls++) {
      await this.sleep(NS_PER_MS);
    }
    this.isResetting = false;
    this.next();
  }

  /** What waits fails with ENODEV, and what follows. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.freeIrq();
    this.active?.timer.cancel();
    this.ports.writeBusMaster(0);
    const waiting = this.active === undefined ? this.queue : [this.active.waiting, ...this.queue];
    this.active = undefined;
    for (const {reject} of waiting) reject(new DeviceIoError('ENODEV', 'ide'));
    this.queue.length = 0;
    this.memory.release();
  }

  private next(): void {
    if (this.active !== undefined || this.isResetting || this.isClosed) return;
    const waiting = this.queue.shift();
    if (waiting === undefined) return;
    const {request} = waiting;
    if (!this.memory.reserve(Math.max(request.data?.length ?? 0, request.packet?.length ?? 0))) {
      waiting.reject(new DeviceIoError('ENOMEM', 'ide'));
      return this.next();
    }
    this.start(waiting);
  }

  private start(waiting: Waiting): void {
    const {request} = waiting;
    const command = new Command(request, this.ports, this.memory, this.singleWords);
    const timer = this.schedule.after(TIMEOUT_NS, () => this.onTimeout(command));
    this.active = {waiting, command, timer};
    this.stats.commands++;
    if (request.data !== undefined && request.protocol.endsWith('out')) this.memory.fill(request.data);
    this.ports.write(r.DEVICE, deviceOf(request));
    this.whenIdle(command, () => {
      command.issue();
      if (command.sendsFirst) this.whenAsked(command);
    });
  }

  /** Waits until the drive is not busy. */
  private whenIdle(command: Command, then: () => void): void {
    if ((this.ports.alternateStatus & r.STATUS_BSY) === 0) return then();
    this.pollLater(command, () => this.whenIdle(command, then));
  }

  /** Waits until the drive asks for what comes first; one that fails the command says so by an interrupt. */
  private whenAsked(command: Command): void {
    const status = this.ports.alternateStatus;
    if ((status & r.STATUS_BSY) !== 0) this.pollLater(command, () => this.whenAsked(command));
    else if ((status & r.STATUS_DRQ) !== 0) command.sendFirst();
  }

  private pollLater(command: Command, poll: () => void): void {
    this.schedule.after(POLL_NS, () => {
      if (this.active?.command === command) poll();
    });
  }

  private onInterrupt(): boolean {
    this.stats.interrupts++;
    if (this.active === undefined) {
      this.ports.read(r.STATUS);
      return false;
    }
    const progress = this.active.command.onInterrupt();
    if (typeof progress === 'object') this.finish(progress);
    return progress !== 'not ours';
  }

  private finish(result: AtaResult): void {
    const {active} = this;
    if (active === undefined) return;
    this.active = undefined;
    active.timer.cancel();
    const {request} = active.waiting;
    if (result.status === 'failed') this.stats.failures++;
    if (request.data !== undefined && request.protocol.endsWith('in')) {
      this.memory.drain(request.data.subarray(0, result.bytes));
    }
    active.waiting.resolve(result);
    this.next();
  }

  private onTimeout(command: Command): void {
    if (this.active?.command !== command) return;
    this.stats.timeouts++;
    this.ports.writeBusMaster(0);
    this.isResetting = true;
    this.finish({status: 'timeout', error: 0, bytes: 0});
    void this.reset();
  }

  private sleep(delayNs: number): Promise<void> {
    return new Promise((resolve) => void this.schedule.after(delayNs, resolve));
  }
}

const deviceOf = ({device, lba = 0, ext = false}: AtaRequest): number => {
  const address = ext ? 0 : Math.floor(lba / 2 ** 24) & 0x0f;
  return r.DEVICE_LBA | (device === 0 ? 0 : r.DEVICE_1) | address;
};
