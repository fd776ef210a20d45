import {put16, put32, put64} from './bytes.ts';
import type {SenseCode} from './sense-codes.ts';

/** Which field is wrong. @see SPC-4, "Field pointer sense key specific data" */
export interface FieldPointer {
  /** Of the CDB, otherwise of the parameter list. */
  readonly inCdb: boolean;
  readonly byte: number;
  /** The field's leftmost bit in that byte; none where the whole byte is meant. */
  readonly bit?: number;
}

/** What sense data say beyond the code. */
export interface SenseDetails {
  /** INFORMATION: for tapes a residue, which may be negative. */
  readonly information?: number;
  readonly field?: FieldPointer;
  readonly filemark?: boolean;
  readonly endOfMedium?: boolean;
  readonly incorrectLength?: boolean;
  /** About an earlier command. */
  readonly deferred?: boolean;
}

const FIXED_BYTES = 18;
const FIXED_CURRENT = 0x70;
const DESCRIPTOR_CURRENT = 0x72;
const VALID = 0x80;

const fieldPointerBytes = ({inCdb, byte, bit}: FieldPointer): Uint8Array => {
  const bytes = new Uint8Array(3);
  bytes[0] = 0x80 | (inCdb ? 0x40 : 0) | (bit === undefined ? 0 : 0x08 | bit);
  put16(bytes, 1, byte);
  return bytes;
};

const streamBits = ({filemark, endOfMedium, incorrectLength}: SenseDetails): number =>
  (filemark === true ? 0x80 : 0) | (endOfMedium === true ? 0x40 : 0) | (incorrectLength === true ? 0x20 : 0);

/** @see SPC-4, "Fixed format sense data" */
const fixedSense = ({key, asc, ascq}: SenseCode, details: SenseDetails): Uint8Array => {
  const {information, field, deferred} = details;
  const bytes = new Uint8Array(FIXED_BYTES);
  bytes[0] = FIXED_CURRENT | (deferred === true ? 1 : 0);
  bytes[2] = key | streamBits(details);
  bytes[7] = FIXED_BYTES - 8;
  bytes[12] = asc;
  bytes[13] = ascq;
  if (information !== undefined && information < 2 ** 32) {
    bytes[0] |= VALID;
    put32(bytes, 3, information);
  }
  if (field !== undefined) bytes.set(fieldPointerBytes(field), 15);
  return bytes;
};

/** @see SPC-4, "Descriptor format sense data" */
const descriptorSense = ({key, asc, ascq}: SenseCode, details: SenseDetails): Uint8Array => {
  const {information, field, deferred} = details;
  const bytes = [DESCRIPTOR_CURRENT | (deferred === true ? 1 : 0), key, asc, ascq, 0, 0, 0, 0];
  if (information !== undefined) {
    const descriptor = new Uint8Array(12);
    descriptor.set([0x00, 0x0a, VALID]);
    put64(descriptor, 4, information);
    bytes.push(...descriptor);
  }
  if (field !== undefined) bytes.push(0x02, 0x06, 0, 0, ...fieldPointerBytes(field), 0);
  const stream = streamBits(details);
  if (stream !== 0) bytes.push(0x04, 0x02, 0, stream);
  bytes[7] = bytes.length - 8;
  return Uint8Array.from(bytes);
};

/** Sense data in the format that the D_SENSE bit asks for. */
export const encodeSense = (code: SenseCode, details: SenseDetails, descriptor: boolean): Uint8Array =>
  descriptor ? descriptorSense(code, details) : fixedSense(code, details);
