/** Commands as initiators send them. Numbers go in big-endian. @see SPC-4, SBC-3 */

const READ_16_FROM = 2 ** 32;

export const requestInquiry = (allocation: number, vpdPage?: number): Uint8Array =>
  Uint8Array.of(0x12, vpdPage === undefined ? 0 : 1, vpdPage ?? 0, allocation >>> 8, allocation, 0);

export const readCapacity10 = (): Uint8Array => cdb(10, 0x25);

export const readCapacity16 = (allocation: number): Uint8Array => {
  const bytes = cdb(16, 0x9e);
  bytes[1] = 0x10;
  new DataView(bytes.buffer).setUint32(10, allocation);
  return bytes;
};

export const modeSense6 = (page: number, allocation: number): Uint8Array =>
  Uint8Array.of(0x1a, 0, page, 0, allocation, 0);

export const readBlocks = (lba: number, blocks: number): Uint8Array => transfer(lba, blocks, 0x28, 0x88);

export const writeBlocks = (lba: number, blocks: number): Uint8Array => transfer(lba, blocks, 0x2a, 0x8a);

export const synchronizeCache = (): Uint8Array => cdb(10, 0x35);

/** UNMAP of one range, with its parameter list. */
export const unmap = (lba: number, blocks: number): {cdb: Uint8Array; parameters: Uint8Array} => {
  const parameters = new Uint8Array(24);
  const view = new DataView(parameters.buffer);
  view.setUint16(0, 22);
  view.setUint16(2, 16);
  setLba(view, 8, lba);
  view.setUint32(16, blocks);
  const bytes = cdb(10, 0x42);
  bytes[8] = parameters.length;
  return {cdb: bytes, parameters};
};

const cdb = (length: number, opcode: number): Uint8Array => {
  const bytes = new Uint8Array(length);
  bytes[0] = opcode;
  return bytes;
};

/** The 10-byte form where it reaches, as old devices have no other. */
const transfer = (lba: number, blocks: number, short: number, long: number): Uint8Array => {
  const isShort = lba + blocks <= READ_16_FROM && blocks <= 0xffff;
  const bytes = cdb(isShort ? 10 : 16, isShort ? short : long);
  const view = new DataView(bytes.buffer);
  if (isShort) {
    view.setUint32(2, lba);
    view.setUint16(7, blocks);
  } else {
    setLba(view, 2, lba);
    view.setUint32(10, blocks);
  }
  return bytes;
};

const setLba = (view: DataView, at: number, lba: number): void => {
  view.setUint32(at, lba / 2 ** 32);
  view.setUint32(at + 4, lba % 2 ** 32);
};
