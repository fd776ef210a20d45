import {IoVector} from '../../backends/storage/index.ts';
import type {
  DataDirection,
  LogicalUnit,
  ScsiCommand,
  ScsiResult,
  ScsiTarget,
} from '../../backends/scsi/target/index.ts';
import {UnitTarget} from '../../backends/scsi/target/index.ts';

/** Bytes written as hexadecimal digits, with spaces where they help. */
export const hexBytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));

export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export interface Sent {
  lun?: number;
  /** Name of the initiator. */
  from?: string;
  /** Data to send. */
  out?: Uint8Array;
  /** Room for answers, in bytes. */
  room?: number;
  direction?: DataDirection;
}

/** What an initiator sees. */
export interface Seen {
  status: number;
  /** `key/asc/ascq` in hexadecimal digits, or nothing. */
  sense: string;
  senseBytes: Uint8Array;
  data: Uint8Array;
  transferBytes: number;
}

const GUARD_BYTES = 64;
const GUARD = 0xee;
const PIECE_BYTES = 1000;

/** A buffer in several pieces with guards around them, which nobody may touch. */
class GuardedBuffer {
  readonly vector: IoVector;
  private readonly u8: Uint8Array;

  constructor(contents: Uint8Array) {
    const pieces = Math.ceil(contents.length / PIECE_BYTES);
    this.u8 = new Uint8Array(contents.length + (pieces + 1) * GUARD_BYTES).fill(GUARD);
    this.vector = new IoVector({u8: this.u8}, Math.max(1, pieces));
    for (let i = 0; i < pieces; i++) {
      const piece = contents.subarray(i * PIECE_BYTES, (i + 1) * PIECE_BYTES);
      const offset = GUARD_BYTES + i * (PIECE_BYTES + GUARD_BYTES);
      this.u8.set(piece, offset);
      this.vector.add(offset, piece.length);
    }
  }

  /** The contents; throws when a guard was overwritten. */
  contents(): Uint8Array {
    const {count, offsets, lengths} = this.vector;
    const found = Array.from({length: count}, (_, i) => this.u8.slice(offsets[i], offsets[i] + lengths[i]));
    const outside = this.u8.slice();
    for (let i = 0; i < count; i++) outside.fill(GUARD, offsets[i], offsets[i] + lengths[i]);
    if (outside.some((byte) => byte !== GUARD)) throw new Error('memory outside of the segments was written');
    return Buffer.concat(found);
  }
}

export const senseOf = (bytes: Uint8Array): string => {
  if (bytes.length === 0) return '';
  const isDescriptor = (bytes[0] & 0x7e) === 0x72;
  const [key, asc, ascq] = isDescriptor ? [bytes[1], bytes[2], bytes[3]] : [bytes[2] & 0x0f, bytes[12], bytes[13]];
  return [key.toString(16), ...[asc, ascq].map((value) => value.toString(16).padStart(2, '0'))].join('/');
};

const DEFAULT_ROOM = 4096;

/** Drives a target as an initiator does. */
export class Initiator {
  readonly target: ScsiTarget;
  readonly name: string;

  constructor(target: ScsiTarget, name = 'iqn.2026-01.test:one') {
    this.target = target;
    this.name = name;
  }

  /** The command, and what will have become of it. */
  begin(cdb: string | Uint8Array, sent: Sent = {}): {command: ScsiCommand; seen: Promise<Seen>} {
    const direction = sent.direction ?? (sent.out === undefined ? 'in' : 'out');
    const buffer = new GuardedBuffer(sent.out ?? new Uint8Array(sent.room ?? DEFAULT_ROOM));
    const command: ScsiCommand = {
      nexus: {name: sent.from ?? this.name},
      lun: sent.lun ?? 0,
      cdb: typeof cdb === 'string' ? hexBytes(cdb) : cdb,
      direction,
      data: buffer.vector,
    };
    const result = this.target.execute(command);
    return {command, seen: this.seen(result, buffer, direction)};
  }

  send(cdb: string | Uint8Array, sent: Sent = {}): Promise<Seen> {
    return this.begin(cdb, sent).seen;
  }

  /** The data of a command that has to succeed. */
  async data(cdb: string, sent: Sent = {}): Promise<Uint8Array> {
    const {status, sense, data} = await this.send(cdb, sent);
    if (status !== 0) throw new Error(`${cdb}: status ${status}, ${sense}`);
    return data;
  }

  /** `good`, the sense, or the status. */
  async says(cdb: string | Uint8Array, sent: Sent = {}): Promise<string> {
    const {status, sense} = await this.send(cdb, sent);
    return status === 0 ? 'good' : status === 2 ? sense : `status ${status.toString(16)}`;
  }

  private async seen(result: ScsiResult | Promise<ScsiResult>, buffer: GuardedBuffer, direction: DataDirection) {
    const {status, sense, transferBytes} = await result;
    const held = buffer.contents();
    const data = direction === 'in' ? held.subarray(0, Math.min(transferBytes, held.length)) : new Uint8Array(0);
    return {status, sense: senseOf(sense), senseBytes: sense, data, transferBytes};
  }
}

/** An initiator that has been told of the power on, at LUN 0 of a target with one unit. */
export const initiatorOf = async (unit: LogicalUnit, name?: string): Promise<Initiator> => {
  const target = new UnitTarget();
  target.attach(0, unit);
  const initiator = new Initiator(target, name);
  await initiator.send('00 00000000 00');
  return initiator;
};
