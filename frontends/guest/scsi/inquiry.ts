import type {ScsiUnit} from '../../api.ts';
import {requestInquiry} from './cdb.ts';
import {request} from './request.ts';

const STANDARD_BYTES = 96;

/** Peripheral device types. @see SPC-4 */
export const DISK = 0x00;
export const TAPE = 0x01;
export const CDROM = 0x05;
export const CHANGER = 0x08;

/** Standard INQUIRY data. */
export interface InquiryData {
  readonly bytes: Uint8Array;
  /** 0x1f: none is there. */
  readonly deviceType: number;
  readonly removable: boolean;
  readonly version: number;
  /** Without the spaces behind. */
  readonly vendor: string;
  readonly product: string;
  readonly revision: string;
}

export const inquire = async (unit: ScsiUnit): Promise<InquiryData> => {
  const {data} = await request(unit, requestInquiry(STANDARD_BYTES), {dataInBytes: STANDARD_BYTES});
  const bytes = new Uint8Array(STANDARD_BYTES);
  bytes.set(data);
  return {
    bytes: data,
    deviceType: bytes[0] & 0x1f,
    removable: (bytes[1] & 0x80) !== 0,
    version: bytes[2],
    vendor: ascii(bytes.subarray(8, 16)),
    product: ascii(bytes.subarray(16, 32)),
    revision: ascii(bytes.subarray(32, 36)),
  };
};

/** A stranger's words. */
const ascii = (bytes: Uint8Array): string =>
  String.fromCharCode(...bytes)
    .replaceAll(/[^ -~]/g, ' ')
    .trimEnd();
