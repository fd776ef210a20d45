import type {ScsiReply} from '../../../frontends/api.ts';
import {type ExportedTarget, refusal} from './exported-target.ts';
import type {LoggedIn} from './login.ts';
import {Numbering, WINDOW} from './numbering.ts';
import {
  DATA_IN,
  DATA_OUT,
  FINAL,
  isImmediate,
  LOGOUT_REQUEST,
  LOGOUT_RESPONSE,
  lunOf,
  makeHead,
  NO_TAG,
  NOP_IN,
  NOP_OUT,
  opcodeOf,
  type Pdu,
  REJECT,
  SCSI_COMMAND,
  SCSI_RESPONSE,
  TASK_REQUEST,
  TASK_RESPONSE,
  TEXT_REQUEST,
  TEXT_RESPONSE,
} from './pdu.ts';
import {formatText, parseText} from './text.ts';
import {WriteData} from './write-data.ts';
import type {Wire} from './wire.ts';

const READ = 0x40;
const WRITE = 0x20;
const OVERFLOW = 0x04;
const UNDERFLOW = 0x02;
const CDB_AT = 32;
const CDB_BYTES = 16;
/** Data that are held for all commands of a session at once, and so for one. */
const MAX_HELD_BYTES = 2 ** 26;
/** Commands at once: immediate ones come beside the window. */
const MAX_TASKS = 2 * WINDOW;
const TASK_SET_FULL = 0x28;

/** Reasons of Reject. */
const PROTOCOL_ERROR = 0x04;
const NOT_SUPPORTED = 0x05;

/** Answers to task management. @see RFC 7143, section 11.6.1 */
const FUNCTION_COMPLETE = 0;
const NO_SUCH_TASK = 1;
const NO_SUCH_LUN = 2;
const FUNCTION_NOT_SUPPORTED = 5;

/** Length of the CDB that an opcode says; 16 for one of none of these groups. @see SPC-4, "The OPERATION CODE" */
const cdbLengths: readonly number[] = [6, 10, 10, 16, 16, 12, 16, 16];

const nothing = new Uint8Array(0);

/** The initiator sends the command again. */
const taskSetFull: ScsiReply = {status: TASK_SET_FULL, host: 0, sense: nothing, data: nothing, residualBytes: 0};

interface Task {
  readonly pdu: Pdu;
  readonly lun: number | undefined;
  readonly abort: AbortController;
  readonly write: WriteData | undefined;
}

export interface SessionOptions {
  wire: Wire;
  login: LoggedIn;
  /** Undefined in a discovery session. */
  target: ExportedTarget | undefined;
  /** What SendTargets answers with. */
  listTargets: () => [string, string][];
}

/** The full feature phase of one connection. */
export class Session {
  private readonly wire: Wire;
  private readonly login: LoggedIn;
  private readonly target: ExportedTarget | undefined;
  private readonly listTargets: () => [string, string][];
  private readonly numbering: Numbering;
  private readonly tasks = new Map<number, Task>();
  /** Data of commands under way. */
  private heldBytes = 0;
  private over = false;

  private readonly handlers: Readonly<Record<number, ((pdu: Pdu) => void | Promise<void>) | undefined>> = {
    [NOP_OUT]: (pdu) => this.nop(pdu),
    [SCSI_COMMAND]: (pdu) => this.command(pdu),
    [TASK_REQUEST]: (pdu) => this.manage(pdu),
    [TEXT_REQUEST]: (pdu) => this.text(pdu),
    [LOGOUT_REQUEST]: (pdu) => this.logout(pdu),
  };

  constructor({wire, login, target, listTargets}: SessionOptions) {
    this.wire = wire;
    this.login = login;
    this.target = target;
    this.listTargets = listTargets;
    this.numbering = new Numbering(login.cmdSn, login.statSn);
  }

  /** Resolves when the initiator has logged out. @throws when it goes away or breaks the protocol */
  async run(): Promise<void> {
    try {
      while (!this.over) await this.handle(await this.wire.receive());
    } finally {
      for (const task of this.tasks.values()) this.abortTask(task);
    }
  }

  private async handle(pdu: Pdu): Promise<void> {
    const opcode = opcodeOf(pdu);
    if (opcode === DATA_OUT) return this.dataOut(pdu);
    const handler = this.handlers[opcode];
    if (handler === undefined) return this.reject(pdu, NOT_SUPPORTED);
    if (!this.numbering.accept(pdu.head.readUInt32BE(24), isImmediate(pdu))) return;
    await handler(pdu);
  }

  private nop(pdu: Pdu): Promise<void> | void {
    const tag = pdu.head.readUInt32BE(16);
    if (tag === NO_TAG) return;
    const head = makeHead(NOP_IN, FINAL, tag);
    pdu.head.copy(head, 8, 8, 16);
    head.writeUInt32BE(NO_TAG, 20);
    return this.answer(head, pdu.data);
  }

  /** Commands run beside each other. */
  private command(pdu: Pdu): void | Promise<void> {
    const tag = pdu.head.readUInt32BE(16);
    const length = pdu.head.readUInt32BE(20);
    const flags = pdu.head[1];
    if (this.target === undefined || this.tasks.has(tag)) return this.reject(pdu, PROTOCOL_ERROR);
    if (length > MAX_HELD_BYTES || ((flags & READ) !== 0 && (flags & WRITE) !== 0)) {
      return this.respond(pdu, refusal(0x05, 0x24, 0x00), length);
    }
    if (this.heldBytes + length > MAX_HELD_BYTES || this.tasks.size >= MAX_TASKS) {
      return this.respond(pdu, taskSetFull, length);
    }
    const {wire, numbering} = this;
    const isWrite = (flags & WRITE) !== 0;
    const write = isWrite
      ? new WriteData(pdu, length, {wire, numbering, parameters: this.login.parameters})
      : undefined;
    const task = {pdu, lun: lunOf(pdu), abort: new AbortController(), write};
    this.tasks.set(tag, task);
    numbering.begin();
    this.heldBytes += length;
    write?.begin((flags & FINAL) !== 0);
    void this.runTask(task, tag, length, this.target);
  }

  private async runTask(task: Task, tag: number, length: number, target: ExportedTarget): Promise<void> {
    const {pdu, write, abort} = task;
    const isComplete = (await write?.complete) ?? true;
    const {signal} = abort;
    const reply = isComplete ? await target.execute(this.exportedCommand(task, length)) : refusal(0x0b, 0x4b, 0x00);
    this.numbering.end();
    this.heldBytes -= length;
    // One that task management has ended is not answered.
    if (this.tasks.get(tag) === task) this.tasks.delete(tag);
    if (!signal.aborted) await this.respond(pdu, reply, length);
  }

  private exportedCommand({pdu, lun, write, abort}: Task, length: number) {
    const isRead = (pdu.head[1] & READ) !== 0;
    return {lun, cdb: cdbOf(pdu), dataOut: write?.bytes, dataInBytes: isRead ? length : 0, signal: abort.signal};
  }

  private dataOut(pdu: Pdu): void | Promise<void> {
    const task = this.tasks.get(pdu.head.readUInt32BE(16));
    if (task?.write === undefined) return;
    task.write.take(pdu, (pdu.head[1] & FINAL) !== 0);
  }

  /** Data that came, in segments and bursts as agreed; then the status. */
  private async respond(pdu: Pdu, reply: ScsiReply, length: number): Promise<void> {
    const isRead = (pdu.head[1] & READ) !== 0;
    const data = isRead ? reply.data.subarray(0, length) : new Uint8Array(0);
    await this.sendData(pdu, data);
    const head = makeHead(SCSI_RESPONSE, FINAL, pdu.head.readUInt32BE(16));
    head[3] = reply.status;
    const residual = this.residualOf(pdu, reply, length);
    if (residual !== 0) head[1] |= residual > 0 ? OVERFLOW : UNDERFLOW;
    head.writeUInt32BE(Math.abs(residual), 44);
    const {sense} = reply;
    const segment = Buffer.alloc(sense.length === 0 ? 0 : sense.length + 2);
    if (sense.length > 0) segment.writeUInt16BE(sense.length, 0);
    segment.set(sense, 2 * Number(sense.length > 0));
    await this.answer(head, segment);
  }

  /** What the command had to move beyond what was expected, or less of it when negative. */
  private residualOf(pdu: Pdu, {residualBytes}: ScsiReply, length: number): number {
    const asked = this.target?.askedBytes(lunOf(pdu), cdbOf(pdu)) ?? 0;
    return asked > length ? asked - length : -Math.min(residualBytes, length);
  }

  private async sendData(pdu: Pdu, data: Uint8Array): Promise<void> {
    const {maxRecvDataSegmentLength, maxBurstLength} = this.login.parameters;
    for (let at = 0, dataSn = 0; at < data.length; dataSn++) {
      const burstEnd = Math.min(data.length, (Math.floor(at / maxBurstLength) + 1) * maxBurstLength);
      const end = Math.min(burstEnd, at + maxRecvDataSegmentLength);
      const head = makeHead(DATA_IN, end === burstEnd ? FINAL : 0, pdu.head.readUInt32BE(16));
      pdu.head.copy(head, 8, 8, 16);
      head.writeUInt32BE(NO_TAG, 20);
      this.numbering.stamp(head, false);
      head.writeUInt32BE(0, 24);
      head.writeUInt32BE(dataSn, 36);
      head.writeUInt32BE(at, 40);
      await this.wire.send(head, data.subarray(at, end));
      at = end;
    }
  }

  private async manage(pdu: Pdu): Promise<void> {
    const managers: Readonly<Record<number, (() => number | Promise<number>) | undefined>> = {
      1: () => this.abortOne(pdu.head.readUInt32BE(20)),
      2: () => this.abortOf(lunOf(pdu)),
      4: () => this.abortOf(lunOf(pdu)),
      5: () => this.resetUnit(lunOf(pdu)),
      6: () => this.resetAll(),
      7: () => this.resetAll(),
    };
    const manager = managers[pdu.head[1] & 0x7f];
    const head = makeHead(TASK_RESPONSE, FINAL, pdu.head.readUInt32BE(16));
    head[2] = this.target === undefined ? FUNCTION_NOT_SUPPORTED : ((await manager?.()) ?? FUNCTION_NOT_SUPPORTED);
    await this.answer(head);
  }

  private abortOne(tag: number): number {
    const task = this.tasks.get(tag);
    if (task === undefined) return NO_SUCH_TASK;
    this.tasks.delete(tag);
    this.abortTask(task);
    return FUNCTION_COMPLETE;
  }

  private abortOf(lun: number | undefined): number {
    if (this.target?.unit(lun) === undefined) return NO_SUCH_LUN;
    for (const [tag, task] of this.tasks) if (task.lun === lun) this.abortOne(tag);
    return FUNCTION_COMPLETE;
  }

  private async resetUnit(lun: number | undefined): Promise<number> {
    const unit = this.target?.unit(lun);
    if (unit === undefined) return NO_SUCH_LUN;
    this.abortOf(lun);
    await unit.reset();
    return FUNCTION_COMPLETE;
  }

  private async resetAll(): Promise<number> {
    for (const {lun} of this.target?.all() ?? []) await this.resetUnit(lun);
    return FUNCTION_COMPLETE;
  }

  private abortTask({abort, write}: Task): void {
    abort.abort();
    write?.abandon();
  }

  private text(pdu: Pdu): Promise<void> {
    const keys = parseText(pdu.data);
    const asked = keys?.get('SendTargets');
    const head = makeHead(TEXT_RESPONSE, FINAL, pdu.head.readUInt32BE(16));
    head.writeUInt32BE(NO_TAG, 20);
    const targets = asked === undefined ? [] : this.listTargets();
    const mine = targets.filter(([name]) => asked === 'All' || asked === name || (asked === '' && this.isMine(name)));
    const pairs = mine.flatMap(([name, address]): [string, string][] => [
      ['TargetName', name],
      ['TargetAddress', address],
    ]);
    return keys === undefined ? this.reject(pdu, PROTOCOL_ERROR) : this.answer(head, formatText(pairs));
  }

  private isMine(name: string): boolean {
    return this.login.targetName === name;
  }

  private async logout(pdu: Pdu): Promise<void> {
    this.over = true;
    await this.answer(makeHead(LOGOUT_RESPONSE, FINAL, pdu.head.readUInt32BE(16)));
  }

  private reject(pdu: Pdu, reason: number): Promise<void> {
    const head = makeHead(REJECT, FINAL, NO_TAG);
    head[2] = reason;
    return this.answer(head, pdu.head);
  }

  private answer(head: Buffer, data?: Uint8Array): Promise<void> {
    this.numbering.stamp(head, true);
    return this.wire.send(head, data);
  }
}

const cdbOf = ({head}: Pdu): Uint8Array => {
  const length = Math.min(cdbLengths[head[CDB_AT] >>> 5], CDB_BYTES);
  return head.subarray(CDB_AT, CDB_AT + length);
};
