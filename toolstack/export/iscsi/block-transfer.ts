import type {ScsiReply, ScsiUnit} from '../../../frontends/api.ts';

/** Where the block address and the number of blocks stand in a CDB. */
interface Layout {
  readonly lbaAt: number;
  readonly lbaBytes: 4 | 8;
  readonly blocksAt: number;
  readonly blocksBytes: 2 | 4;
}

const ten: Layout = {lbaAt: 2, lbaBytes: 4, blocksAt: 7, blocksBytes: 2};
const twelve: Layout = {lbaAt: 2, lbaBytes: 4, blocksAt: 6, blocksBytes: 4};
const sixteen: Layout = {lbaAt: 2, lbaBytes: 8, blocksAt: 10, blocksBytes: 4};

/** READ, WRITE, and WRITE AND VERIFY, by operation code. @see SBC-3 */
const layouts: ReadonlyMap<number, Layout> = new Map([
  [0x28, ten],
  [0x2a, ten],
  [0x2e, ten],
  [0xa8, twelve],
  [0xaa, twelve],
  [0xae, twelve],
  [0x88, sixteen],
  [0x8a, sixteen],
  [0x8e, sixteen],
]);

/** Blocks that the command moves; undefined for a command that does not move blocks. */
export const blocksOf = (cdb: Uint8Array): number | undefined => {
  const layout = layouts.get(cdb[0]);
  if (layout === undefined) return undefined;
  const view = viewOf(cdb);
  return layout.blocksBytes === 2 ? view.getUint16(layout.blocksAt) : view.getUint32(layout.blocksAt);
};

/** The same command for `blocks` blocks that begin `skip` blocks further on. */
export const partOf = (cdb: Uint8Array, skip: number, blocks: number): Uint8Array => {
  const layout = layouts.get(cdb[0]);
  const part = Uint8Array.from(cdb);
  if (layout === undefined) return part;
  const view = viewOf(part);
  if (layout.lbaBytes === 4) view.setUint32(layout.lbaAt, view.getUint32(layout.lbaAt) + skip);
  else view.setBigUint64(layout.lbaAt, view.getBigUint64(layout.lbaAt) + BigInt(skip));
  if (layout.blocksBytes === 2) view.setUint16(layout.blocksAt, blocks);
  else view.setUint32(layout.blocksAt, blocks);
  return part;
};

const READ_CAPACITY_10 = 0x25;
const SERVICE_ACTION_IN = 0x9e;
const READ_CAPACITY_16 = 0x10;

/** Lengths of the blocks of units, as they told initiators: to ask them would take a unit attention from these. */
export class BlockLengths {
  private readonly known = new WeakMap<ScsiUnit, number>();

  of(unit: ScsiUnit): number | undefined {
    return this.known.get(unit);
  }

  /** Looks at an answer as it goes by. */
  learn(unit: ScsiUnit, cdb: Uint8Array, {status, data}: ScsiReply): void {
    if (status !== 0) return;
    if (cdb[0] === READ_CAPACITY_10 && data.length >= 8) this.known.set(unit, viewOf(data).getUint32(4));
    const isLong = cdb[0] === SERVICE_ACTION_IN && (cdb[1] & 0x1f) === READ_CAPACITY_16;
    if (isLong && data.length >= 12) this.known.set(unit, viewOf(data).getUint32(8));
  }
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
