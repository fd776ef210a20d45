import {inflateRaw, inflateRawSync, type ZlibOptions} from 'node:zlib';
import {Decompress} from 'fzstd';

/**
 * One cluster out of its compressed bytes, which may be followed by others: where they end nobody says.
 * @throws when they are no such thing
 */
export const decompress = async (
  kind: 'zlib' | 'zstd',
  bytes: Buffer,
  clusterBytes: number,
  workers: boolean,
): Promise<Uint8Array> => {
  const cluster = kind === 'zstd' ? unzstd(bytes, clusterBytes) : await inflate(bytes, clusterBytes, workers);
  if (cluster.length !== clusterBytes) throw new Error(`${cluster.length} bytes in place of ${clusterBytes}`);
  return cluster;
};

const inflate = (bytes: Buffer, clusterBytes: number, workers: boolean): Uint8Array | Promise<Uint8Array> => {
  const options: ZlibOptions = {maxOutputLength: clusterBytes};
  if (!workers) return inflateRawSync(bytes, options);
  return new Promise((resolve, reject) =>
    inflateRaw(bytes, options, (error, result) => (error === null ? resolve(result) : reject(error))),
  );
};

const unzstd = (bytes: Buffer, clusterBytes: number): Uint8Array => {
  const cluster = new Uint8Array(clusterBytes);
  let filled = 0;
  const stream = new Decompress((chunk) => {
    if (filled + chunk.length > clusterBytes) throw new Error(`more than ${clusterBytes} bytes`);
    cluster.set(chunk, filled);
    filled += chunk.length;
  });
  try {
    stream.push(bytes, true);
  } catch (error) {
    // What follows the frame of a whole cluster is somebody else's.
    if (filled < clusterBytes) throw error;
  }
  return cluster.subarray(0, filled);
};
