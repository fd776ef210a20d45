import type {TaskQueue} from '../../hypervisor/schedule/index.ts';
import type {BlockDevice} from '../api.ts';
import {FileError} from './errors.ts';
import type {Machine} from './machine.ts';
import {procFiles} from './proc.ts';
import {Tape} from './scsi/tape.ts';
import {TapeFile} from './scsi/tape-file.ts';

/** A file or device of the guest's, opened. Offsets are bytes; reads past the end are short. Rejects with an errno. */
export interface GuestFile {
  /** Undefined for one without an end. */
  readonly sizeBytes: number | undefined;
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Returns the bytes written: less than given at the end of a device. */
  write(offset: number, data: Uint8Array): Promise<number>;
  sync(): Promise<void>;
  /** Has to be called, once. */
  close(): Promise<void>;
}

/** Opens by path: a disk, a character device of /dev, or a file of /proc. Rejects with FileError. */
export const openFile = async (machine: Machine, path: string): Promise<GuestFile> => {
  const disk = path.startsWith('/dev/') ? machine.blocks.get(path.slice('/dev/'.length)) : undefined;
  if (disk !== undefined) return new DiskFile(disk);
  const tape = openTape(machine, path);
  if (tape !== undefined) return tape;
  const proc = procFiles.get(path);
  if (proc !== undefined) return textFile(await proc(machine));
  const special = specialFiles.get(path);
  if (special !== undefined) return special(machine.schedule);
  throw new FileError(directories.has(path) ? 'EISDIR' : 'ENOENT');
};

/** /dev/st0 rewinds when it is closed, /dev/nst0 does not. */
const openTape = ({scsi}: Machine, path: string): GuestFile | undefined => {
  const [, rests, name] = /^\/dev\/(n?)(st\d+)$/.exec(path) ?? [];
  const device = name === undefined ? undefined : scsi.find(name);
  return device && new TapeFile(new Tape(device.unit), rests === '');
};

const directories = new Set(['/', '/dev', '/proc', '/proc/net']);

const nothing = new Uint8Array(0);
const nothingToDo = (): Promise<void> => Promise.resolve();
const swallow = (_offset: number, data: Uint8Array): Promise<number> => Promise.resolve(data.length);
const refuse = (): Promise<never> => Promise.reject(new FileError('EACCES'));

const endless = (fill: (bytes: Uint8Array) => void): GuestFile => ({
  sizeBytes: undefined,
  read: (_offset, length) => {
    const bytes = new Uint8Array(length);
    fill(bytes);
    return Promise.resolve(bytes);
  },
  write: swallow,
  sync: nothingToDo,
  close: nothingToDo,
});

const randomFile = (schedule: TaskQueue): GuestFile =>
  endless((bytes) => {
    for (let i = 0; i < bytes.length; i += 4) {
      const word = schedule.random();
      for (let j = 0; j < 4 && i + j < bytes.length; j++) bytes[i + j] = word >>> (8 * j);
    }
  });

const nullFile: GuestFile = {
  sizeBytes: undefined,
  read: () => Promise.resolve(nothing),
  write: swallow,
  sync: nothingToDo,
  close: nothingToDo,
};

const zeroFile = endless(() => undefined);

const specialFiles: ReadonlyMap<string, (schedule: TaskQueue) => GuestFile> = new Map([
  ['/dev/null', () => nullFile],
  ['/dev/zero', () => zeroFile],
  ['/dev/full', () => ({...zeroFile, write: () => Promise.reject(new FileError('ENOSPC'))})],
  ['/dev/random', randomFile],
  ['/dev/urandom', randomFile],
] as [string, (schedule: TaskQueue) => GuestFile][]);

const textFile = (text: string): GuestFile => {
  const bytes = new TextEncoder().encode(text);
  return {
    sizeBytes: bytes.length,
    read: (offset, length) => Promise.resolve(bytes.slice(offset, offset + length)),
    write: refuse,
    sync: nothingToDo,
    close: nothingToDo,
  };
};

/** A disk as bytes: what does not begin or end at a sector is read around, and written by reading first. */
class DiskFile implements GuestFile {
  readonly sizeBytes: number;
  private readonly disk: BlockDevice;

  constructor(disk: BlockDevice) {
    this.disk = disk;
    this.sizeBytes = disk.sizeBytes;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const end = Math.min(offset + length, this.sizeBytes);
    if (offset >= end) return nothing;
    const from = this.floor(offset);
    const to = this.ceil(end);
    const bytes = await this.disk.read(from, to - from);
    return from === offset && to === end ? bytes : bytes.subarray(offset - from, end - from);
  }

  async write(offset: number, data: Uint8Array): Promise<number> {
    if (this.disk.readonly) throw new FileError('EPERM');
    const end = Math.min(offset + data.length, this.sizeBytes);
    if (offset >= end) throw new FileError('ENOSPC');
    const count = end - offset;
    const from = this.floor(offset);
    const to = this.ceil(end);
    if (from === offset && to === end) await this.disk.write(offset, data.subarray(0, count));
    else {
      const sectors = await this.disk.read(from, to - from);
      sectors.set(data.subarray(0, count), offset - from);
      await this.disk.write(from, sectors);
    }
    return count;
  }

  sync(): Promise<void> {
    return this.disk.flush();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private floor(offset: number): number {
    return offset - (offset % this.disk.sectorSize);
  }

  private ceil(offset: number): number {
    return this.floor(offset + this.disk.sectorSize - 1);
  }
}
