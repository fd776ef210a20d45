import type {DataDirection, LogicalUnit} from '../../scsi/target/index.ts';

const TAPE = 0x01;
/** Room for answers whose CDB does not say how long they may be. */
const DEFAULT_ROOM_BYTES = 64 * 1024;

const READ_6 = 0x08;
const WRITE_6 = 0x0a;
const FIXED = 0x01;
const NO_DATA_OUT_BUFFER = 0x01;

/** Where a CDB has its transfer, parameter list or allocation length: first byte and bytes. */
type Field = readonly [at: number, bytes: number];

/** Lengths in bytes. */
const byteFields: Readonly<Record<number, Field>> = {
  0x03: [4, 1],
  0x12: [3, 2],
  0x15: [4, 1],
  0x1a: [4, 1],
  0x42: [7, 2],
  0x43: [7, 2],
  0x44: [7, 2],
  0x46: [7, 2],
  0x4a: [7, 2],
  0x4d: [7, 2],
  0x51: [7, 2],
  0x52: [7, 2],
  0x55: [7, 2],
  0x5a: [7, 2],
  0x5e: [7, 2],
  0x5f: [5, 4],
  0x9e: [10, 4],
  0xa0: [6, 4],
  0xa3: [6, 4],
  0xb8: [7, 3],
  0xbd: [8, 2],
};

/** Lengths in blocks. */
const blockFields: Readonly<Record<number, Field>> = {
  0x28: [7, 2],
  0x2a: [7, 2],
  0x2e: [7, 2],
  0x88: [10, 4],
  0x8a: [10, 4],
  0x8b: [10, 4],
  0x8e: [10, 4],
  0xa8: [6, 4],
  0xaa: [6, 4],
  0xae: [6, 4],
};

const verifyFields: Readonly<Record<number, Field>> = {0x2f: [7, 2], 0x8f: [10, 4], 0xaf: [6, 4]};

const read = (cdb: Uint8Array, [at, bytes]: Field): number => {
  let value = 0;
  for (let i = at; i < at + bytes; i++) value = value * 256 + (cdb[i] ?? 0);
  return value;
};

/** What is sent to be compared: nothing, all blocks, or one for all. @see SBC-3, "BYTCHK" */
const verifyBlocks = (cdb: Uint8Array, field: Field): number => {
  const check = (cdb[1] >>> 1) & 3;
  if (check === 0) return 0;
  return check === 3 ? 1 : read(cdb, field);
};

/** Blocks of commands that count them in a way of their own. */
const oddBlocks: Readonly<Record<number, (cdb: Uint8Array) => number>> = {
  [READ_6]: (cdb) => cdb[4] || 256,
  [WRITE_6]: (cdb) => cdb[4] || 256,
  0x41: () => 1,
  0x89: (cdb) => 2 * (cdb[13] ?? 0),
  0x93: (cdb) => ((cdb[1] & NO_DATA_OUT_BUFFER) === 0 ? 1 : 0),
};

/** What a target expects of a command before it looks at it closely, as the length of its data phase depends on it. */
export interface ExpectedTransfer {
  readonly direction: DataDirection;
  /** Of 'out' what the initiator has to send; of 'in' at most what comes. */
  readonly bytes: number;
}

const nothing: ExpectedTransfer = {direction: 'none', bytes: 0};

export const expectedTransfer = (unit: LogicalUnit, cdb: Uint8Array): ExpectedTransfer => {
  const direction = unit.commands.find(cdb)?.data ?? 'none';
  if (direction === 'none') return nothing;
  return {direction, bytes: lengthOf(unit, cdb) ?? (direction === 'in' ? DEFAULT_ROOM_BYTES : 0)};
};

const lengthOf = (unit: LogicalUnit, cdb: Uint8Array): number | undefined => {
  const [opcode] = cdb;
  if (unit.identity.deviceType === TAPE && (opcode === READ_6 || opcode === WRITE_6)) {
    return read(cdb, [2, 3]) * ((cdb[1] & FIXED) === 0 ? 1 : blockBytes(unit));
  }
  const byteField = byteFields[opcode] as Field | undefined;
  if (byteField !== undefined) return read(cdb, byteField);
  const blocks = blocksOf(cdb);
  return blocks === undefined ? undefined : blocks * blockBytes(unit);
};

const blocksOf = (cdb: Uint8Array): number | undefined => {
  const [opcode] = cdb;
  if (Object.hasOwn(oddBlocks, opcode)) return oddBlocks[opcode](cdb);
  if (Object.hasOwn(verifyFields, opcode)) return verifyBlocks(cdb, verifyFields[opcode]);
  return Object.hasOwn(blockFields, opcode) ? read(cdb, blockFields[opcode]) : undefined;
};

/** Of kinds that have blocks, as they are set now. */
const blockBytes = (unit: LogicalUnit): number =>
  'blockBytes' in unit && typeof unit.blockBytes === 'number' ? unit.blockBytes : 0;
