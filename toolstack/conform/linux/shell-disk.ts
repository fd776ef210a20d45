import {NEVER} from 'rxjs';
import type {BlockDevice} from '../../../frontends/api.ts';
import {Inconclusive} from '../verdict.ts';
import type {KernelGuest} from './kernel-guest.ts';

const CONSOLE_LINES = 20;
const SECTOR_BYTES = 512;
const PAGE_BYTES = 4096;
const XVDA = 51712;

/** A kernel's disk as programs in its shell see it: past the page cache. */
export class ShellDisk implements BlockDevice {
  readonly virtualDevice = XVDA;
  readonly sectorSize = SECTOR_BYTES;
  readonly readonly = false;
  readonly removable = false;
  readonly resized = NEVER;
  readonly removed = NEVER;
  private readonly guest: KernelGuest;
  private writes = 0;

  constructor(guest: KernelGuest) {
    this.guest = guest;
  }

  get name(): string {
    return refuse();
  }

  get sizeBytes(): number {
    return refuse();
  }

  get canFlush(): boolean {
    return refuse();
  }

  /** name. */
  askName(): Promise<string> {
    return this.guest.answer('cd /sys/class/block && echo xvd*');
  }

  /** sizeBytes. */
  async askSize(): Promise<number> {
    return SECTOR_BYTES * Number(await this.guest.answer('cat /sys/block/xvda/size'));
  }

  /** canFlush. */
  async askFlush(): Promise<boolean> {
    return (await this.guest.answer('cat /sys/block/xvda/queue/write_cache')) === 'write back';
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const bytes = await this.guest.bytesOf(
      `dd if=/dev/xvda iflag=direct ${blocks(offset, length, 'skip', SECTOR_BYTES)}`,
    );
    if (bytes.length !== length) throw new Error(`${bytes.length} of ${length} bytes are read`);
    return bytes;
  }

  async write(offset: number, data: Uint8Array): Promise<void> {
    // dd writes less by the page cache.
    if (offset % PAGE_BYTES !== 0 || data.length % PAGE_BYTES !== 0)
      throw new Inconclusive('programs of the guest write whole pages');
    const where = blocks(offset, data.length, 'seek', PAGE_BYTES);
    const file = `/tmp/write-${++this.writes}`;
    await this.guest.putFile(file, data);
    await this.guest.answer(`dd if=${file} of=/dev/xvda oflag=direct conv=notrunc ${where}`);
  }

  async flush(): Promise<void> {
    await this.guest.answer('dd if=/dev/null of=/dev/xvda conv=fsync,notrunc');
  }

  async discard(offset: number, length: number, secure = false): Promise<void> {
    await this.guest.answer(`blkdiscard ${secure ? '-s ' : ''}-o ${offset} -l ${length} /dev/xvda`);
  }

  /** The last that its kernel and shell said. */
  get consoleLines(): string[] {
    return this.guest.lastLines(CONSOLE_LINES);
  }

  stats(): Readonly<Record<string, number>> {
    return {};
  }
}

const refuse = (): never => {
  throw new Inconclusive('a kernel has to be asked by its shell');
};

/** In one piece where it can be, so that it is one request as far as the driver makes one of it. */
const blocks = (offset: number, length: number, skip: 'skip' | 'seek', unitBytes: number): string => {
  const blockBytes = offset % length === 0 ? length : unitBytes;
  return `bs=${blockBytes} ${skip}=${offset / blockBytes} count=${length / blockBytes}`;
};
