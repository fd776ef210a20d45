import {NS_PER_S} from '../../../hypervisor/schedule/index.ts';
import {DeviceIoError, type ScsiReply, type ScsiUnit} from '../../api.ts';
import {request, ScsiError} from './request.ts';
import {BLANK_CHECK} from './sense.ts';

/** Tapes take their time: as long as Linux gives to positioning. */
const LONG_NS = 900 * NS_PER_S;
const POSITION_BYTES = 20;
const MODE_BYTES = 12;
const WRITE_PROTECT = 0x80;

/** Codes of SPACE. @see SSC-4 */
const spaces = {blocks: 0, filemarks: 1, end: 3} as const;

export interface TapeStatus {
  readonly isReady: boolean;
  readonly isProtected: boolean;
  readonly density: number;
  /** 0: every block has its own length. */
  readonly blockBytes: number;
  /** Of the next block or filemark; undefined without a tape. */
  readonly position: number | undefined;
  readonly isAtStart: boolean;
}

const noStatus: TapeStatus = {
  isReady: false,
  isProtected: false,
  density: 0,
  blockBytes: 0,
  position: undefined,
  isAtStart: false,
};

/** A tape drive behind SCSI commands: what Linux calls st. Rejects with DeviceIoError. */
export class Tape {
  readonly unit: ScsiUnit;

  constructor(unit: ScsiUnit) {
    this.unit = unit;
  }

  /** The next block, or as many fixed ones as fit; empty at a filemark, which is passed, and at the end of what was written. */
  async read(length: number): Promise<Uint8Array> {
    const {blockBytes} = await this.mode();
    const isFixed = blockBytes > 0;
    if (isFixed && length % blockBytes !== 0) throw new DeviceIoError('EINVAL', 'tape: not whole blocks');
    const room = Math.min(length, this.unit.maxTransferBytes);
    const count = isFixed ? Math.floor(room / blockBytes) : room;
    const reply = await this.tolerate(six(0x08, count, isFixed ? 1 : 0), {dataInBytes: room});
    if (!(reply instanceof ScsiError)) return reply.data;
    const {filemark, illegalLength, key, information} = reply.sense;
    if (!isFixed && illegalLength) {
      if (information < 0) throw new DeviceIoError('ENOMEM', 'tape: the block is longer');
      return reply.data.subarray(0, room - information);
    }
    if (filemark || key === BLANK_CHECK)
      return reply.data.subarray(0, isFixed ? (count - information) * blockBytes : 0);
    throw reply;
  }

  /** Writes one block, or several fixed ones. ENOSPC at the end of the tape. */
  async write(data: Uint8Array): Promise<void> {
    const {blockBytes} = await this.mode();
    const isFixed = blockBytes > 0;
    if (data.length > this.unit.maxTransferBytes || (isFixed && data.length % blockBytes !== 0)) {
      throw new DeviceIoError('EINVAL', 'tape: block length');
    }
    const count = isFixed ? data.length / blockBytes : data.length;
    const reply = await this.tolerate(six(0x0a, count, isFixed ? 1 : 0), {dataOut: data});
    if (!(reply instanceof ScsiError)) return;
    throw reply.sense.endOfMedium ? new DeviceIoError('ENOSPC', 'tape: end of medium') : reply;
  }

  /** With 0 what was written goes to the medium. */
  async writeFilemarks(count: number): Promise<void> {
    await request(this.unit, six(0x10, count), {timeoutNs: LONG_NS});
  }

  /** Forwards, or backwards when negative. EIO when there are not so many. */
  async space(over: keyof typeof spaces, count: number): Promise<void> {
    await request(this.unit, six(0x11, count & 0xff_ffff, spaces[over]), {timeoutNs: LONG_NS});
  }

  async rewind(): Promise<void> {
    await request(this.unit, six(0x01, 0), {timeoutNs: LONG_NS});
  }

  async erase(): Promise<void> {
    await request(this.unit, six(0x19, 0, 1), {timeoutNs: LONG_NS});
  }

  async load(): Promise<void> {
    await request(this.unit, Uint8Array.of(0x1b, 0, 0, 0, 1, 0), {timeoutNs: LONG_NS});
  }

  /** Rewinds and lets the tape go. */
  async unload(): Promise<void> {
    await request(this.unit, Uint8Array.of(0x1b, 0, 0, 0, 0, 0), {timeoutNs: LONG_NS});
  }

  async locate(position: number): Promise<void> {
    const cdb = new Uint8Array(10);
    cdb[0] = 0x2b;
    new DataView(cdb.buffer).setUint32(3, position);
    await request(this.unit, cdb, {timeoutNs: LONG_NS});
  }

  async tell(): Promise<{position: number; isAtStart: boolean}> {
    const cdb = new Uint8Array(10);
    cdb[0] = 0x34;
    const {data} = await request(this.unit, cdb, {dataInBytes: POSITION_BYTES});
    const view = new DataView(data.buffer, data.byteOffset, data.length);
    return {position: view.getUint32(4), isAtStart: (data[0] & 0x80) !== 0};
  }

  /** Bytes of fixed blocks; 0: each block has its own length. */
  async setBlockBytes(blockBytes: number): Promise<void> {
    const list = new Uint8Array(MODE_BYTES);
    list[2] = 0x10;
    list[3] = 8;
    new DataView(list.buffer).setUint32(8, blockBytes);
    await request(this.unit, Uint8Array.of(0x15, 0x10, 0, 0, list.length, 0), {dataOut: list});
  }

  async status(): Promise<TapeStatus> {
    try {
      await request(this.unit, new Uint8Array(6));
      return {isReady: true, ...(await this.mode()), ...(await this.tell())};
    } catch (error) {
      if (error instanceof DeviceIoError) return noStatus;
      throw error;
    }
  }

  private async mode(): Promise<{blockBytes: number; density: number; isProtected: boolean}> {
    const {data} = await request(this.unit, Uint8Array.of(0x1a, 0, 0, 0, MODE_BYTES, 0), {dataInBytes: MODE_BYTES});
    return {
      blockBytes: (data[9] << 16) | (data[10] << 8) | data[11],
      density: data[4],
      isProtected: (data[2] & WRITE_PROTECT) !== 0,
    };
  }

  /** What a tape has to say beside the data is no failure yet. */
  private async tolerate(
    cdb: Uint8Array,
    exchange: {dataInBytes?: number; dataOut?: Uint8Array},
  ): Promise<ScsiReply | ScsiError> {
    try {
      return await request(this.unit, cdb, {...exchange, timeoutNs: LONG_NS});
    } catch (error) {
      if (error instanceof ScsiError) return error;
      throw error;
    }
  }
}

/** A command of 6 bytes with a number of 24 bits. */
const six = (opcode: number, count: number, bits = 0): Uint8Array =>
  Uint8Array.of(opcode, bits, count >>> 16, count >>> 8, count, 0);
