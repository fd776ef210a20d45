import {
  CHECK_CONDITION,
  GOOD,
  type LogicalUnit,
  type Nexus,
  type ScsiResult,
  TASK_ABORTED,
  TASK_SET_FULL,
  UnitTarget,
} from '../../scsi/target/index.ts';
import {IoProcess, type ProcessAddress} from './io-process.ts';
import {expectedTransfer} from './transfer-length.ts';

/** A wide bus has 16 addresses; the adapter's own is one of them. */
export const MAX_ID = 15;
const REQUEST_SENSE = 0x03;
const BUSY_STATUS = 0x08;
/** Commands under way at once, and bytes of all their buffers. */
const MAX_PROCESSES = 256;
const MAX_BUFFERED_BYTES = 64 * 2 ** 20;

const noSense = new Uint8Array(0);
/** ILLEGAL REQUEST, in the fixed format. */
const invalidFieldInCdb = Uint8Array.of(0x70, 0, 0x05, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x24, 0, 0, 0, 0, 0);
/** Room for what a target says of a unit that it has not. */
const noUnit = {direction: 'in', bytes: 255} as const;
const failed = (status: number): ScsiResult => ({status, sense: noSense, transferBytes: 0});

/** The devices on the bus, the commands that they have, and the sense data that they keep until they are asked for them. */
export class TargetBus {
  private readonly nexus: Nexus;
  private readonly onCommand: () => void;
  private readonly targets = new Map<number, UnitTarget>();
  private readonly processes = new Set<IoProcess>();
  /** By id and LUN: a parallel bus does not carry them with the status. */
  private readonly senses = new Map<string, Uint8Array>();
  private bufferedBytes = 0;
  /** Taken so far. */
  commands = 0;

  /** `onCommand` is told of each that is taken. */
  constructor(nexus: Nexus, onCommand: () => void) {
    this.nexus = nexus;
    this.onCommand = onCommand;
  }

  /** False: there is a unit already. */
  attach(id: number, lun: number, unit: LogicalUnit): boolean {
    const target = this.targets.get(id) ?? new UnitTarget();
    if (target.unit(lun) !== undefined) return false;
    this.targets.set(id, target);
    target.attach(lun, unit);
    return true;
  }

  /** Ends the commands of the unit and takes it away. */
  async detach(id: number, lun: number): Promise<void> {
    const target = this.targets.get(id);
    const unit = target?.detach(lun);
    if (target?.luns.length === 0) this.targets.delete(id);
    this.drop(({address}) => address.id === id && address.lun === lun);
    this.senses.delete(senseKey({id, lun}));
    await unit?.dropNexus(this.nexus);
  }

  hasTarget(id: number): boolean {
    return this.targets.has(id);
  }

  get underWay(): number {
    return this.processes.size;
  }

  /** A command as its CDB comes. One that cannot be taken has its result at once. */
  accept(address: ProcessAddress, cdb: Uint8Array): IoProcess {
    const unit = this.targets.get(address.id)?.unit(address.lun);
    const {direction, bytes} = unit === undefined ? noUnit : expectedTransfer(unit, cdb);
    const refusal = this.refusal(address, bytes);
    const process = new IoProcess(address, this.nexus, cdb, direction, refusal === undefined ? bytes : 0);
    process.result = refusal;
    this.commands++;
    this.onCommand();
    this.processes.add(process);
    this.bufferedBytes += process.data.lengthBytes;
    return process;
  }

  /** Has the unit execute it. `onEnd` is called when that took time, unless it was dropped meanwhile. */
  start(process: IoProcess, onEnd: (process: IoProcess) => void): void {
    process.isStarted = true;
    const target = this.targets.get(process.address.id);
    const result = process.result ?? this.keptSense(process) ?? target?.execute(process) ?? failed(BUSY_STATUS);
    if (!(result instanceof Promise)) return this.end(process, result);
    void result.then((late) => {
      if (process.isDropped) return;
      this.end(process, late);
      onEnd(process);
    });
  }

  /** It is over: the initiator has its status. */
  finish(process: IoProcess): void {
    process.isDropped = true;
    if (this.processes.delete(process)) this.bufferedBytes -= process.data.lengthBytes;
  }

  find({id, lun, tag}: ProcessAddress): IoProcess | undefined {
    for (const process of this.processes) {
      const {address} = process;
      if (address.id === id && address.lun === lun && address.tag === tag) return process;
    }
    return undefined;
  }

  /** ABORT TAG. */
  abort(process: IoProcess): void {
    this.finish(process);
    void this.targets.get(process.address.id)?.abortTask(process);
  }

  /** ABORT. */
  abortUnit(id: number, lun: number): void {
    this.drop(({address}) => address.id === id && address.lun === lun);
    void this.targets.get(id)?.abortTaskSet(this.nexus, lun);
  }

  /** CLEAR QUEUE. */
  clearQueue(id: number, lun: number): void {
    this.drop(({address}) => address.id === id && address.lun === lun);
    void this.targets.get(id)?.clearTaskSet(this.nexus, lun);
  }

  /** BUS DEVICE RESET. */
  resetTarget(id: number): void {
    this.drop(({address}) => address.id === id);
    for (const key of this.senses.keys()) if (key.startsWith(`${id}:`)) this.senses.delete(key);
    void this.targets.get(id)?.resetTarget();
  }

  /** The RST line: every target forgets what it does. */
  reset(): void {
    for (const id of this.targets.keys()) this.resetTarget(id);
    this.drop(() => true);
  }

  private drop(isMeant: (process: IoProcess) => boolean): void {
    for (const process of this.processes) if (isMeant(process)) this.finish(process);
  }

  private end(process: IoProcess, result: ScsiResult): void {
    process.result = result;
    if (result.status === TASK_ABORTED) this.finish(process);
    if (result.status === CHECK_CONDITION) this.senses.set(senseKey(process.address), result.sense);
  }

  private refusal(address: ProcessAddress, bytes: number): ScsiResult | undefined {
    if (bytes > MAX_BUFFERED_BYTES) return {...failed(CHECK_CONDITION), sense: invalidFieldInCdb};
    if (this.find(address) !== undefined) return failed(BUSY_STATUS);
    const isFull = this.processes.size >= MAX_PROCESSES || this.bufferedBytes + bytes > MAX_BUFFERED_BYTES;
    return isFull ? failed(TASK_SET_FULL) : undefined;
  }

  /** What REQUEST SENSE is answered with after a CHECK CONDITION; without one the unit answers it. */
  private keptSense(process: IoProcess): ScsiResult | undefined {
    const key = senseKey(process.address);
    const sense = process.cdb[0] === REQUEST_SENSE ? this.senses.get(key) : undefined;
    if (sense === undefined) return undefined;
    this.senses.delete(key);
    return {status: GOOD, sense: noSense, transferBytes: process.fill(sense)};
  }
}

const senseKey = ({id, lun}: Omit<ProcessAddress, 'tag'>): string => `${id}:${lun}`;
