import {asciiBytes, be16, put16} from '../bytes.ts';

const ISCSI = 0x5;
const WITH_SESSION = 0x40;
const MIN_NAME_BYTES = 20;
const MAX_NAME_BYTES = 256;

/** An initiator's name as a TransportID of iSCSI. @see SPC-4, "TransportID for initiator ports using SCSI over iSCSI" */
export const transportIdOf = (name: string): Uint8Array => {
  const padded = Math.max(MIN_NAME_BYTES, Math.ceil((name.length + 1) / 4) * 4);
  const bytes = new Uint8Array(4 + padded);
  bytes[0] = ISCSI | (name.includes(',i,0x') ? WITH_SESSION : 0);
  put16(bytes, 2, padded);
  bytes.set(asciiBytes(name), 4);
  return bytes;
};

/** The name in a TransportID; undefined for one of another protocol, or a broken one. */
export const nameOfTransportId = (bytes: Uint8Array): string | undefined => {
  const length = be16(bytes, 2);
  const isIscsi = bytes.length >= 4 && (bytes[0] & ~WITH_SESSION) === ISCSI;
  if (!isIscsi || length < MIN_NAME_BYTES || length > MAX_NAME_BYTES || length > bytes.length - 4) return undefined;
  const field = bytes.subarray(4, 4 + length);
  const end = field.indexOf(0);
  if (end <= 0) return undefined;
  return String.fromCharCode(...field.subarray(0, end));
};
