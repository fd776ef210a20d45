import type {ScsiUnit} from '../../../frontends/api.ts';
import {type BenchJob, keepUnderWay} from '../driver.ts';
import type {BenchPoint} from '../point.ts';
import {IMAGE_BYTES} from './disk-job.ts';

export const BLOCK_BYTES = 512;
const READ_10 = 0x28;
const WRITE_10 = 0x2a;

/** Reads or writes a disk in order by READ (10) and WRITE (10). */
export const unitJob = async (unit: ScsiUnit, {operation, sizeBytes, depth}: BenchPoint): Promise<BenchJob> => {
  const blocks = Math.floor(IMAGE_BYTES / sizeBytes);
  const exchange = operation === 'read' ? {dataInBytes: sizeBytes} : {dataOut: new Uint8Array(sizeBytes).fill(0xa5)};
  const cdb = (n: number): Uint8Array => {
    const bytes = Uint8Array.of(operation === 'read' ? READ_10 : WRITE_10, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    const view = new DataView(bytes.buffer);
    view.setUint32(2, ((n % blocks) * sizeBytes) / BLOCK_BYTES);
    view.setUint16(7, sizeBytes / BLOCK_BYTES);
    return bytes;
  };
  // The first command hears of the unit's start only.
  await unit.execute(cdb(0), exchange);
  return keepUnderWay(depth, async (n) => {
    const {host, status} = await unit.execute(cdb(n), exchange);
    if (host !== 0 || status !== 0) throw new Error(`command ${n}: host ${host}, status ${status}`);
  });
};
