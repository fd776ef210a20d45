import type {DiskIdentity} from './identify.ts';
import type {IdeOptions} from './options.ts';
import * as r from './registers.ts';
import type {AtaRequest, Protocol} from './request.ts';

const MAX_LBA28 = 2 ** 28;
const MAX_COUNT28 = 256;

interface Opcodes {
  readonly short: number;
  readonly ext: number;
}

const dma = {read: {short: r.READ_DMA, ext: r.READ_DMA_EXT}, write: {short: r.WRITE_DMA, ext: r.WRITE_DMA_EXT}};
const multiple = {
  read: {short: r.READ_MULTIPLE, ext: r.READ_MULTIPLE_EXT},
  write: {short: r.WRITE_MULTIPLE, ext: r.WRITE_MULTIPLE_EXT},
};
const single = {
  read: {short: r.READ_SECTORS, ext: r.READ_SECTORS_EXT},
  write: {short: r.WRITE_SECTORS, ext: r.WRITE_SECTORS_EXT},
};

/** How a disk is read and written: commands and protocols by direction. */
export interface TransferPlan {
  readonly read: Opcodes & {readonly protocol: Protocol};
  readonly write: Opcodes & {readonly protocol: Protocol};
  readonly blockBytes: number;
  readonly hasLba48: boolean;
}

export const planTransfers = (identity: DiskIdentity, options: Required<IdeOptions>): TransferPlan => {
  const {hasLba48} = identity;
  if (options.transfer === 'dma') {
    return {
      read: {...dma.read, protocol: 'dma-in'},
      write: {...dma.write, protocol: 'dma-out'},
      blockBytes: 0,
      hasLba48,
    };
  }
  const isMultiple = options.blocks === 'multiple' && identity.multiple > 0;
  const opcodes = isMultiple ? multiple : single;
  return {
    read: {...opcodes.read, protocol: 'pio-in'},
    write: {...opcodes.write, protocol: 'pio-out'},
    blockBytes: (isMultiple ? identity.multiple : 1) * r.SECTOR_BYTES,
    hasLba48,
  };
};

/** Sectors of one command at most. */
export const maxSectors = ({hasLba48}: TransferPlan, {maxTransferBytes}: Required<IdeOptions>): number =>
  Math.min(maxTransferBytes / r.SECTOR_BYTES, hasLba48 ? 65536 : MAX_COUNT28);

/** The command that moves `data`: with a 48-bit address only where a shorter one does not reach, as Linux does it. */
export const transferRequest = (
  plan: TransferPlan,
  direction: 'read' | 'write',
  device: 0 | 1,
  lba: number,
  data: Uint8Array,
): AtaRequest => {
  const {short, ext, protocol} = plan[direction];
  const count = data.length / r.SECTOR_BYTES;
  const isShort = lba + count <= MAX_LBA28 && count <= MAX_COUNT28;
  return {
    device,
    opcode: isShort ? short : ext,
    protocol,
    count,
    lba,
    ext: !isShort,
    data,
    blockBytes: plan.blockBytes,
  };
};
