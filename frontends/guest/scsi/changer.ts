import type {ScsiUnit} from '../../api.ts';
import {request} from './request.ts';
import {NS_PER_S} from '../../../hypervisor/schedule/index.ts';

const MOVE_NS = 300 * NS_PER_S;
const STATUS_BYTES = 65536;
const VOLUME_TAG_BYTES = 36;
const PRIMARY_TAG = 0x80;

/** Kinds of elements by code. @see SMC-3, "Element type codes" */
const kinds = ['', 'transport', 'slot', 'port', 'drive'] as const;
export type ElementKind = (typeof kinds)[number];

export interface Element {
  readonly kind: ElementKind;
  readonly address: number;
  readonly isFull: boolean;
  /** Where its medium was taken from. */
  readonly source: number | undefined;
  readonly volumeTag: string;
}

/** A media changer behind SCSI commands. Rejects with DeviceIoError. */
export class Changer {
  readonly unit: ScsiUnit;

  constructor(unit: ScsiUnit) {
    this.unit = unit;
  }

  /** All elements, with volume tags. @see SMC-3, READ ELEMENT STATUS */
  async elements(): Promise<Element[]> {
    const cdb = new Uint8Array(12);
    const room = Math.min(STATUS_BYTES, this.unit.maxTransferBytes);
    cdb[0] = 0xb8;
    cdb[1] = 0x10;
    cdb[4] = 0xff;
    cdb[5] = 0xff;
    cdb[7] = room >>> 16;
    cdb[8] = room >>> 8;
    cdb[9] = room;
    const {data} = await request(this.unit, cdb, {dataInBytes: room});
    return parseElements(data);
  }

  async move(transport: number, from: number, to: number): Promise<void> {
    await request(this.unit, longMove(0xa5, [transport, from, to]), {timeoutNs: MOVE_NS});
  }

  /** The medium of `first` goes to `second`, and that one's to `third`. */
  async exchange(transport: number, first: number, second: number, third: number): Promise<void> {
    await request(this.unit, longMove(0xa6, [transport, first, second, third]), {timeoutNs: MOVE_NS});
  }

  /** Looks at all elements anew. */
  async initialize(): Promise<void> {
    await request(this.unit, Uint8Array.of(0x07, 0, 0, 0, 0, 0), {timeoutNs: MOVE_NS});
  }
}

const longMove = (opcode: number, addresses: readonly number[]): Uint8Array => {
  const cdb = new Uint8Array(12);
  cdb[0] = opcode;
  addresses.forEach((address, i) => {
    cdb[2 + 2 * i] = address >>> 8;
    cdb[3 + 2 * i] = address;
  });
  return cdb;
};

/** Pages of one kind each, behind a header of 8 bytes; what does not fit is left out. */
const parseElements = (data: Uint8Array): Element[] => {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const elements: Element[] = [];
  for (let at = 8; at + 8 <= data.length;) {
    const kind = kinds[data[at]] ?? '';
    const hasTag = (data[at + 1] & PRIMARY_TAG) !== 0;
    const step = view.getUint16(at + 2);
    const end = Math.min(data.length, at + 8 + (view.getUint32(at + 4) & 0xff_ffff));
    if (step < 12) break;
    for (at += 8; at + step <= end; at += step) {
      const isValid = (data[at + 9] & 0x80) !== 0;
      elements.push({
        kind,
        address: view.getUint16(at),
        isFull: (data[at + 2] & 0x01) !== 0,
        source: isValid ? view.getUint16(at + 10) : undefined,
        volumeTag: hasTag ? tagAt(data, at + 12) : '',
      });
    }
    at = end;
  }
  return elements;
};

const tagAt = (data: Uint8Array, at: number): string =>
  String.fromCharCode(...data.subarray(at, at + VOLUME_TAG_BYTES - 4))
    .replaceAll(/[^ -~]/g, ' ')
    .trim();
