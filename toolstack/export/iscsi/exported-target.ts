import {type BlockLengths, blocksOf, partOf} from './block-transfer.ts';
import {DeviceIoError, type ScsiReply, type ScsiUnit} from '../../../frontends/api.ts';

const INQUIRY = 0x12;
const REPORT_LUNS = 0xa0;
const CHECK_CONDITION = 0x02;
const BUSY = 0x08;

const nothing = new Uint8Array(0);

/** Fixed format sense: key, additional sense code and qualifier. */
export const makeSense = (key: number, asc: number, ascq: number): Uint8Array => {
  const sense = new Uint8Array(18);
  sense[0] = 0x70;
  sense[2] = key;
  sense[7] = 10;
  sense[12] = asc;
  sense[13] = ascq;
  return sense;
};

export const refusal = (key: number, asc: number, ascq: number): ScsiReply => ({
  status: CHECK_CONDITION,
  host: 0,
  sense: makeSense(key, asc, ascq),
  data: nothing,
  residualBytes: 0,
});

export interface ExportedCommand {
  readonly lun: number | undefined;
  readonly cdb: Uint8Array;
  readonly dataOut: Uint8Array | undefined;
  readonly dataInBytes: number;
  readonly signal: AbortSignal;
}

/** A target as one initiator sees it: the units that a guest has at one channel and id, each command through its frontend. */
export class ExportedTarget {
  private readonly units: () => readonly ScsiUnit[];
  private readonly lengths: BlockLengths;

  /** `units` gives those that are there now. */
  constructor(units: () => readonly ScsiUnit[], lengths: BlockLengths) {
    this.units = units;
    this.lengths = lengths;
  }

  unit(lun: number | undefined): ScsiUnit | undefined {
    return this.units().find((unit) => unit.lun === lun);
  }

  all(): readonly ScsiUnit[] {
    return this.units();
  }

  /** Bytes that the CDB asks to move, where that is known. */
  askedBytes(lun: number | undefined, cdb: Uint8Array): number | undefined {
    const unit = this.unit(lun);
    const blockBytes = unit && this.lengths.of(unit);
    const blocks = blocksOf(cdb);
    return blocks === undefined || blockBytes === undefined ? undefined : blocks * blockBytes;
  }

  /** Never rejects: what goes wrong on the way is an answer, too. */
  async execute(command: ExportedCommand): Promise<ScsiReply> {
    const {lun, cdb, dataInBytes} = command;
    const unit = this.unit(lun);
    if (unit === undefined) return this.withoutUnit(cdb, dataInBytes);
    try {
      const reply = await this.carry(unit, command);
      this.lengths.learn(unit, cdb, reply);
      return reply.host === 0 ? reply : {...reply, status: BUSY};
    } catch (error) {
      if (!(error instanceof DeviceIoError)) throw error;
      return error.errno === 'ENODEV' ? refusal(0x05, 0x25, 0x00) : refusal(0x0b, 0x44, 0x00);
    }
  }

  /** As one command of the guest's, or as several where its host does not carry so much at once. */
  private carry(unit: ScsiUnit, command: ExportedCommand): Promise<ScsiReply> {
    const {cdb, dataOut, dataInBytes, signal} = command;
    const most = unit.maxTransferBytes;
    if ((dataOut?.length ?? dataInBytes) > most) return this.carryInParts(unit, command);
    return unit.execute(cdb, {dataOut, dataInBytes, signal});
  }

  private async carryInParts(unit: ScsiUnit, command: ExportedCommand): Promise<ScsiReply> {
    const {lun, cdb, dataOut, dataInBytes, signal} = command;
    const most = unit.maxTransferBytes;
    const blockBytes = this.lengths.of(unit) ?? 0;
    const length = Math.min(this.askedBytes(lun, cdb) ?? 0, dataOut?.length ?? dataInBytes);
    const room = dataOut?.length ?? dataInBytes;
    // A command that moves no blocks has no use for so much.
    if (length === 0) {
      const reply = await unit.execute(cdb, {
        dataOut: dataOut?.subarray(0, most),
        dataInBytes: Math.min(dataInBytes, most),
        signal,
      });
      return {...reply, residualBytes: reply.residualBytes + room - most};
    }
    const data = new Uint8Array(dataOut === undefined ? length : 0);
    const step = most - (most % blockBytes);
    if (step === 0) return refusal(0x05, 0x24, 0x00);
    for (let at = 0; at < length; at += step) {
      const end = Math.min(length, at + step);
      const part = partOf(cdb, at / blockBytes, (end - at) / blockBytes);
      const exchange = {dataOut: dataOut?.subarray(at, end), dataInBytes: dataOut === undefined ? end - at : 0, signal};
      const reply = await unit.execute(part, exchange);
      if (reply.status !== 0 || reply.host !== 0) {
        return {...reply, data: data.subarray(0, at), residualBytes: room - at};
      }
      if (dataOut === undefined) data.set(reply.data, at);
    }
    return {status: 0, host: 0, sense: nothing, data, residualBytes: room - length};
  }

  /** @see SPC-4, "Incorrect logical unit numbers" */
  private withoutUnit(cdb: Uint8Array, dataInBytes: number): ScsiReply {
    const data = {[INQUIRY]: noUnitInquiry(cdb), [REPORT_LUNS]: this.lunList()}[cdb[0]];
    if (data === undefined) return refusal(0x05, 0x25, 0x00);
    const allocation =
      cdb[0] === INQUIRY ? (cdb[3] << 8) | cdb[4] : new DataView(cdb.buffer, cdb.byteOffset).getUint32(6);
    const sent = data.subarray(0, Math.min(allocation, dataInBytes));
    return {status: 0, host: 0, sense: nothing, data: sent, residualBytes: dataInBytes - sent.length};
  }

  private lunList(): Uint8Array {
    const luns = this.units().map(({lun}) => lun);
    const list = new Uint8Array(8 + 8 * luns.length);
    new DataView(list.buffer).setUint32(0, 8 * luns.length);
    luns
      .sort((a, b) => a - b)
      .forEach((lun, i) => {
        list[8 + 8 * i] = lun >= 256 ? 0x40 | (lun >>> 8) : 0;
        list[9 + 8 * i] = lun;
      });
    return list;
  }
}

/** PERIPHERAL QUALIFIER 3, and no type. */
const noUnitInquiry = (cdb: Uint8Array): Uint8Array | undefined => {
  if ((cdb[1] & 1) !== 0) return undefined;
  const data = new Uint8Array(36);
  data[0] = 0x7f;
  data[2] = 0x06;
  data[3] = 0x02;
  data[4] = data.length - 5;
  return data;
};
