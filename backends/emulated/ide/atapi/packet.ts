/** Bytes of a command packet. */
export const PACKET_BYTES = 12;

export const REQUEST_SENSE = 0x03;
const READ_10 = 0x28;
const READ_12 = 0xa8;
const BLOCK_COUNT_AT: Readonly<Record<number, number>> = {[READ_10]: 7, [READ_12]: 6};

const viewOf = (packet: Uint8Array): DataView => new DataView(packet.buffer, packet.byteOffset, packet.length);

/** Blocks that a packet reads. */
export interface BlockRange {
  readonly lba: number;
  readonly blocks: number;
}

/** What READ (10) or READ (12) asks for; undefined for any other packet. */
export const readRange = (packet: Uint8Array): BlockRange | undefined => {
  const at = BLOCK_COUNT_AT[packet[0]];
  if (at === undefined) return undefined;
  const view = viewOf(packet);
  return {lba: view.getUint32(2), blocks: packet[0] === READ_10 ? view.getUint16(at) : view.getUint32(at)};
};

/** The same read of other blocks, as READ (12). */
export const readPacket = (packet: Uint8Array, {lba, blocks}: BlockRange): Uint8Array => {
  const part = new Uint8Array(PACKET_BYTES);
  part[0] = READ_12;
  part[1] = packet[1];
  viewOf(part).setUint32(2, lba);
  viewOf(part).setUint32(6, blocks);
  return part;
};

/** Bytes of parameters that the host sends with a packet, by its operation code. @see SPC-4 */
const parameterLength: Readonly<Record<number, (packet: Uint8Array) => number>> = {
  0x15: (packet) => packet[4], // MODE SELECT (6)
  0x55: (packet) => viewOf(packet).getUint16(7), // MODE SELECT (10)
  0x5f: (packet) => viewOf(packet).getUint32(5), // PERSISTENT RESERVE OUT
};

export const parameterBytes = (packet: Uint8Array): number => parameterLength[packet[0]]?.(packet) ?? 0;
