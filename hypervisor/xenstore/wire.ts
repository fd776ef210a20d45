import {bytesToString, copyBytes, copyString, newBytes, type ByteString} from './byte-string.ts';

/** Request and reply types. @see xs_wire.h, enum xsd_sockmsg_type; 20 was XS_RESTRICT. */
export const XS = {
  CONTROL: 0,
  DIRECTORY: 1,
  READ: 2,
  GET_PERMS: 3,
  WATCH: 4,
  UNWATCH: 5,
  TRANSACTION_START: 6,
  TRANSACTION_END: 7,
  INTRODUCE: 8,
  RELEASE: 9,
  GET_DOMAIN_PATH: 10,
  WRITE: 11,
  MKDIR: 12,
  RM: 13,
  SET_PERMS: 14,
  WATCH_EVENT: 15,
  ERROR: 16,
  IS_DOMAIN_INTRODUCED: 17,
  RESUME: 18,
  SET_TARGET: 19,
  RESET_WATCHES: 21,
  DIRECTORY_PART: 22,
  GET_FEATURE: 23,
  SET_FEATURE: 24,
  GET_QUOTA: 25,
  SET_QUOTA: 26,
} as const;

export type XsType = (typeof XS)[keyof typeof XS];

/** The errors that have a name on the wire. @see xs_wire.h, xsd_errors */
export const XS_ERRNOS = [
  'EINVAL',
  'EACCES',
  'EEXIST',
  'EISDIR',
  'ENOENT',
  'ENOMEM',
  'ENOSPC',
  'EIO',
  'ENOTEMPTY',
  'ENOSYS',
  'EROFS',
  'EBUSY',
  'EAGAIN',
  'EISCONN',
  'E2BIG',
  'EPERM',
] as const;

export type XsErrno = (typeof XS_ERRNOS)[number];

/** @see xs_wire.h, struct xsd_sockmsg: type, req_id, tx_id, len, each u32 little endian. */
export const XS_HEADER_BYTES = 16;
/** A longer payload ends the connection. @see xs_wire.h, XENSTORE_PAYLOAD_MAX */
export const XENSTORE_PAYLOAD_MAX = 4096;

/** One message of the wire protocol, either way. `txId` 0 is no transaction; events have `reqId` and `txId` 0. */
export interface XsMessage {
  readonly type: number;
  readonly reqId: number;
  readonly txId: number;
  readonly payload: ByteString;
}

/** Header and payload as they travel. */
export function encodeMessage(message: XsMessage): Uint8Array {
  const bytes = new Uint8Array(messageBytes(message));
  putMessage(message, bytes, 0);
  return bytes;
}

/** Size of a message with its header. */
export const messageBytes = ({payload}: XsMessage): number => XS_HEADER_BYTES + payload.length;

/** {@link encodeMessage} to `bytes` at `offset`, where there is room. */
export function putMessage({type, reqId, txId, payload}: XsMessage, bytes: Uint8Array, offset: number): void {
  putU32(bytes, offset, type);
  putU32(bytes, offset + 4, reqId);
  putU32(bytes, offset + 8, txId);
  putU32(bytes, offset + 12, payload.length);
  copyString(payload, bytes, offset + XS_HEADER_BYTES);
}

function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

const u32At = (bytes: Uint8Array, at: number): number =>
  (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;

/** The message in bytes [start, end). */
const decodeMessage = (bytes: Uint8Array, start: number, end: number): XsMessage => ({
  type: u32At(bytes, start),
  reqId: u32At(bytes, start + 4),
  txId: u32At(bytes, start + 8),
  payload: bytesToString(bytes, start + XS_HEADER_BYTES, end),
});

/** Puts messages together from pieces of a byte stream. At most one message is held: 16 + 4096 bytes. */
export class MessageAssembler {
  private readonly buffer = newBytes(XS_HEADER_BYTES + XENSTORE_PAYLOAD_MAX);
  private used = 0;
  /** A message that came in one piece. */
  private whole: XsMessage | undefined;
  /** Fill level of `buffer` at which the header, then the message, is complete. */
  private goal = XS_HEADER_BYTES;
  /** A payload over the limit was announced: the stream cannot be followed any further. */
  overlong = false;

  /** Bytes up to the next point where `feed` learns something: the end of the header, then of the message. */
  get wanted(): number {
    return this.goal - this.used;
  }

  /**
   * Takes bytes from [start, end), up to the end of one message.
   * @returns where it stopped; call `take` there.
   */
  feed(bytes: Uint8Array, start: number, end: number): number {
    const wholeEnd = this.used === 0 ? endOfMessage(bytes, start, end) : undefined;
    if (wholeEnd !== undefined) {
      this.whole = decodeMessage(bytes, start, wholeEnd);
      return wholeEnd;
    }
    let at = this.fill(bytes, start, end);
    if (this.used !== XS_HEADER_BYTES || this.goal !== XS_HEADER_BYTES) return at;
    const payloadBytes = u32At(this.buffer, 12);
    this.overlong = payloadBytes > XENSTORE_PAYLOAD_MAX;
    if (this.overlong) return at;
    this.goal += payloadBytes;
    at = this.fill(bytes, at, end);
    return at;
  }

  /** The message that the last `feed` completed, once. */
  take(): XsMessage | undefined {
    const {whole, used} = this;
    if (whole === undefined && (used < this.goal || this.overlong)) return undefined;
    this.reset();
    return whole ?? decodeMessage(this.buffer, 0, used);
  }

  /** What there is of a message in part. */
  get partial(): ByteString {
    return bytesToString(this.buffer, 0, this.used);
  }

  /** Forgets a message in part: its sender started afresh. */
  reset(): void {
    this.whole = undefined;
    this.used = 0;
    this.goal = XS_HEADER_BYTES;
    this.overlong = false;
  }

  private fill(bytes: Uint8Array, start: number, end: number): number {
    const size = Math.min(this.goal - this.used, end - start);
    copyBytes(bytes, start, start + size, this.buffer, this.used);
    this.used += size;
    return start + size;
  }
}

/** Where the message at `start` ends, if all of it lies before `end`. */
function endOfMessage(bytes: Uint8Array, start: number, end: number): number | undefined {
  if (end - start < XS_HEADER_BYTES) return undefined;
  const payloadBytes = u32At(bytes, start + 12);
  const messageEnd = start + XS_HEADER_BYTES + payloadBytes;
  return payloadBytes <= XENSTORE_PAYLOAD_MAX && messageEnd <= end ? messageEnd : undefined;
}
