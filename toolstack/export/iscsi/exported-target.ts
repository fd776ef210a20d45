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

const refusal = (key: number, asc: number, ascq: number): ScsiReply => ({
  status: CHECK_CONDITION,
  host: 0,
  sense: makeSense(key, asc, ascq),
  data: nothing,
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

  /** `units` gives those that are there now. */
  constructor(units: () => readonly ScsiUnit[]) {
    this.units = units;
  }

  unit(lun: number | undefined): ScsiUnit | undefined {
    return this.units().find((unit) => unit.lun === lun);
  }

  all(): readonly ScsiUnit[] {
    return this.units();
  }

  /** Never rejects: what goes wrong on the way is an answer, too. */
  async execute({lun, cdb, dataOut, dataInBytes, signal}: ExportedCommand): Promise<ScsiReply> {
    const unit = this.unit(lun);
    if (unit === undefined) return this.withoutUnit(cdb, dataInBytes);
    const most = unit.maxTransferBytes;
    if ((dataOut?.length ?? 0) > most) return refusal(0x05, 0x24, 0x00);
    try {
      const exchange = {dataOut, dataInBytes: Math.min(dataInBytes, most), signal};
      const reply = await unit.execute(cdb, exchange);
      return reply.host === 0 ? reply : {...reply, status: BUSY};
    } catch (error) {
      if (!(error instanceof DeviceIoError)) throw error;
      return error.errno === 'ENODEV' ? refusal(0x05, 0x25, 0x00) : refusal(0x0b, 0x44, 0x00);
    }
  }

  /** @see SPC-4, "Incorrect logical unit numbers" */
  private withoutUnit(cdb: Uint8Array, dataInBytes: number): ScsiReply {
    const data = {[INQUIRY]: noUnitInquiry(cdb), [REPORT_LUNS]: this.lunList()}[cdb[0]];
    if (data === undefined) return refusal(0x05, 0x25, 0x00);
    const allocation =
      cdb[0] === INQUIRY ? (cdb[3] << 8) | cdb[4] : new DataView(cdb.buffer, cdb.byteOffset).getUint32(6);
    return {status: 0, host: 0, sense: nothing, data: data.subarray(0, Math.min(allocation, dataInBytes))};
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
