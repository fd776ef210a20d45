/** SCSI messages. @see SPI-2, "Messages" */
export const COMMAND_COMPLETE = 0x00;
const EXTENDED = 0x01;
export const SAVE_DATA_POINTER = 0x02;
export const DISCONNECT = 0x04;
const INITIATOR_DETECTED_ERROR = 0x05;
export const ABORT = 0x06;
const MESSAGE_REJECT = 0x07;
const NO_OPERATION = 0x08;
export const BUS_DEVICE_RESET = 0x0c;
export const ABORT_TAG = 0x0d;
export const CLEAR_QUEUE = 0x0e;
export const SIMPLE_QUEUE_TAG = 0x20;
const ORDERED_QUEUE_TAG = 0x22;
export const IDENTIFY = 0x80;

const SYNCHRONOUS = 0x01;
const WIDE = 0x03;
const LUN_MASK = 0x3f;
const DISCONNECT_PRIVILEGE = 0x40;
/** Bytes that synchronous transfers may run ahead, and widths as powers of two: 16 bits. */
const MAX_OFFSET = 31;
const MAX_WIDTH = 1;

/** What an initiator's messages come to, all of them together. */
export interface SentMessages {
  lun: number | undefined;
  mayDisconnect: boolean;
  tag: number | undefined;
  /** ABORT and its like: after it the target lets go of the bus. */
  task: number | undefined;
  /** What the target answers. */
  readonly replies: number[];
}

const tasks: ReadonlySet<number> = new Set([ABORT, BUS_DEVICE_RESET, ABORT_TAG, CLEAR_QUEUE]);
const ignored: ReadonlySet<number> = new Set([NO_OPERATION, MESSAGE_REJECT, INITIATOR_DETECTED_ERROR]);

/** Extended messages that are agreed to, by code: the answer to their arguments. */
const agreements: Readonly<Record<number, (args: Uint8Array) => readonly number[]>> = {
  [SYNCHRONOUS]: ([period = 0, offset = 0]) => [EXTENDED, 3, SYNCHRONOUS, period, Math.min(offset, MAX_OFFSET)],
  [WIDE]: ([width = 0]) => [EXTENDED, 2, WIDE, Math.min(width, MAX_WIDTH)],
};

/** Takes messages apart. What is not known or not complete is answered by MESSAGE REJECT. */
export const readMessages = (bytes: Uint8Array): SentMessages => {
  const sent: SentMessages = {lun: undefined, mayDisconnect: false, tag: undefined, task: undefined, replies: []};
  for (let at = 0; at < bytes.length;) at += readOne(bytes.subarray(at), sent);
  return sent;
};

/** Returns the bytes of the first message. */
const readOne = (bytes: Uint8Array, sent: SentMessages): number => {
  const [code] = bytes;
  if (code >= IDENTIFY) {
    sent.lun = code & LUN_MASK;
    sent.mayDisconnect = (code & DISCONNECT_PRIVILEGE) !== 0;
  } else if (code >= SIMPLE_QUEUE_TAG && code <= ORDERED_QUEUE_TAG && bytes.length > 1) {
    [, sent.tag] = bytes;
    return 2;
  } else if (code === EXTENDED) return readExtended(bytes, sent);
  else if (tasks.has(code)) sent.task = code;
  else if (!ignored.has(code)) sent.replies.push(MESSAGE_REJECT);
  return 1;
};

const readExtended = (bytes: Uint8Array, sent: SentMessages): number => {
  const length = bytes[1] || 256;
  const agree = agreements[bytes[2]] as ((args: Uint8Array) => readonly number[]) | undefined;
  sent.replies.push(...(agree?.(bytes.subarray(3, 2 + length)) ?? [MESSAGE_REJECT]));
  return 2 + length;
};
