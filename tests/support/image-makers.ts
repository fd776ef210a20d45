/** Images made by hand, so that tests of formats need no other program. Numbers are the specifications', not ours. */
import {writeFileSync} from 'node:fs';

export interface Qcow2Shape {
  version?: 2 | 3;
  clusterBits?: number;
  refcountOrder?: number;
  lazyRefcounts?: boolean;
  backing?: {file: string; format?: string};
  /** Changes the header before it is written. */
  patch?: (header: Buffer) => void;
}

/** An empty qcow2 image: header, refcount table, one refcount block, L1 table. */
export const makeQcow2 = (path: string, sizeBytes: number, shape: Qcow2Shape = {}): void => {
  const {version = 3, clusterBits = 16, refcountOrder = 4, lazyRefcounts = false, backing, patch} = shape;
  const cluster = 2 ** clusterBits;
  const l1Entries = Math.ceil(sizeBytes / ((cluster / 8) * cluster));
  const l1Clusters = Math.ceil((l1Entries * 8) / cluster);
  const image = Buffer.alloc((3 + l1Clusters) * cluster);
  image.write('QFI\xfb', 'latin1');
  image.writeUInt32BE(version, 4);
  image.writeUInt32BE(clusterBits, 20);
  image.writeBigUInt64BE(BigInt(sizeBytes), 24);
  image.writeUInt32BE(l1Entries, 36);
  image.writeBigUInt64BE(BigInt(3 * cluster), 40);
  image.writeBigUInt64BE(BigInt(cluster), 48);
  image.writeUInt32BE(1, 56);
  if (version === 3) {
    image.writeUInt32BE(lazyRefcounts ? 1 : 0, 84);
    image.writeUInt32BE(refcountOrder, 96);
    image.writeUInt32BE(104, 100);
  }
  let at = version === 3 ? 104 : 72;
  if (backing?.format !== undefined) {
    image.writeUInt32BE(0xe2792aca, at);
    image.writeUInt32BE(backing.format.length, at + 4);
    image.write(backing.format, at + 8, 'latin1');
    at += 8 + Math.ceil(backing.format.length / 8) * 8;
  }
  at += 8;
  if (backing !== undefined) {
    image.writeBigUInt64BE(BigInt(at), 8);
    image.writeUInt32BE(Buffer.byteLength(backing.file), 16);
    image.write(backing.file, at);
  }
  image.writeBigUInt64BE(BigInt(2 * cluster), cluster);
  for (let i = 0; i < 3 + l1Clusters; i++) countOne(image.subarray(2 * cluster, 3 * cluster), i, 2 ** refcountOrder);
  patch?.(image);
  writeFileSync(path, image);
};

const countOne = (block: Buffer, index: number, bits: number): void => {
  if (bits < 8) block[Math.floor((index * bits) / 8)] |= 1 << ((index * bits) % 8);
  else block[((index + 1) * bits) / 8 - 1] = 1;
};

export interface VhdShape {
  blockBytes?: number;
  /** File name of the parent, for the locator that says it relative to the image. */
  parent?: {file: string; uuid: number};
  uuid?: number;
}

/** An empty dynamic VHD image; with a parent a differencing one. */
export const makeVhd = (path: string, sizeBytes: number, shape: VhdShape = {}): void => {
  const {blockBytes = 65536, parent, uuid = 1} = shape;
  const entries = Math.ceil(sizeBytes / blockBytes);
  const footer = Buffer.alloc(512);
  footer.write('conectix', 'latin1');
  footer.writeUInt32BE(2, 8);
  footer.writeUInt32BE(0x10000, 12);
  footer.writeBigUInt64BE(512n, 16);
  footer.write('tap\0', 28, 'latin1');
  footer.writeBigUInt64BE(BigInt(sizeBytes), 40);
  footer.writeBigUInt64BE(BigInt(sizeBytes), 48);
  footer.writeUInt32BE(parent === undefined ? 3 : 4, 60);
  footer.writeUInt32BE(uuid, 68);
  sum(footer, 64);
  const header = Buffer.alloc(1024);
  header.write('cxsparse', 'latin1');
  header.writeUInt32BE(0xffffffff, 8);
  header.writeUInt32BE(0xffffffff, 12);
  header.writeBigUInt64BE(2048n, 16);
  header.writeUInt32BE(0x10000, 24);
  header.writeUInt32BE(entries, 28);
  header.writeUInt32BE(blockBytes, 32);
  const locator = Buffer.alloc(512);
  if (parent !== undefined) {
    const name = Buffer.from(`.\\${parent.file}`, 'utf16le');
    locator.set(name);
    header.writeUInt32BE(parent.uuid, 40);
    header.write('W2ru', 576, 'latin1');
    header.writeUInt32BE(1, 580);
    header.writeUInt32BE(name.length, 584);
    header.writeBigUInt64BE(1536n, 592);
  }
  sum(header, 36);
  const bat = Buffer.alloc(Math.ceil((entries * 4) / 512) * 512, 0xff);
  writeFileSync(path, Buffer.concat([footer, header, locator, bat, footer]));
};

const sum = (bytes: Buffer, at: number): void => {
  bytes.writeUInt32BE(~bytes.reduce((total, byte) => total + byte, 0) >>> 0, at);
};
