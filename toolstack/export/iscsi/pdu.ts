/** Basic header segments of iSCSI. @see RFC 7143, section 11 */

export const BHS_BYTES = 48;
/** Of a tag that names nothing. */
export const NO_TAG = 0xffff_ffff;

export const IMMEDIATE = 0x40;
export const FINAL = 0x80;

/** Opcodes of initiators. */
export const NOP_OUT = 0x00;
export const SCSI_COMMAND = 0x01;
export const TASK_REQUEST = 0x02;
export const LOGIN_REQUEST = 0x03;
export const TEXT_REQUEST = 0x04;
export const DATA_OUT = 0x05;
export const LOGOUT_REQUEST = 0x06;

/** Opcodes of targets. */
export const NOP_IN = 0x20;
export const SCSI_RESPONSE = 0x21;
export const TASK_RESPONSE = 0x22;
export const LOGIN_RESPONSE = 0x23;
export const TEXT_RESPONSE = 0x24;
export const DATA_IN = 0x25;
export const LOGOUT_RESPONSE = 0x26;
export const R2T = 0x31;
export const REJECT = 0x3f;

/** A unit of the protocol: its header, of which the meaning depends on the opcode, and its data. */
export interface Pdu {
  readonly head: Buffer;
  /** Additional header segments. */
  readonly ahs: Buffer;
  readonly data: Buffer;
}

export const opcodeOf = ({head}: Pdu): number => head[0] & 0x3f;

export const isImmediate = ({head}: Pdu): boolean => (head[0] & IMMEDIATE) !== 0;

/** Bytes of the data segment, without those that fill up its last word. */
export const dataLength = (head: Buffer): number => head.readUIntBE(5, 3);

/** Up to whole words. */
export const padded = (length: number): number => (length + 3) & ~3;

/** The single-level and the flat form of a LUN; undefined for a deeper one. @see SAM-5, "Logical unit number" */
export const lunOf = ({head}: Pdu): number | undefined => {
  const method = head[8] >>> 6;
  const isSingle = head.readUIntBE(10, 6) === 0 && method < 2;
  return isSingle ? ((head[8] & 0x3f) << 8) | head[9] : undefined;
};

export const makeHead = (opcode: number, flags: number, taskTag: number): Buffer => {
  const head = Buffer.alloc(BHS_BYTES);
  head[0] = opcode;
  head[1] = flags;
  head.writeUInt32BE(taskTag, 16);
  return head;
};

const padding = Buffer.alloc(3);

/** Header and data as they go over the wire; the data's length is put into the header. */
export const wireParts = (head: Buffer, data: Uint8Array): Uint8Array[] => {
  head.writeUIntBE(data.length, 5, 3);
  const fill = padded(data.length) - data.length;
  return fill === 0 ? [head, data] : [head, data, padding.subarray(0, fill)];
};
