import {gunzipSync, gzipSync} from 'node:zlib';
import {NEVER} from 'rxjs';
import type {BlockDevice} from '../../../frontends/api.ts';
import {Inconclusive} from '../verdict.ts';
import type {CommandEnd, KernelGuest} from './kernel-guest.ts';

const CONSOLE_LINES = 20;
const SECTOR_BYTES = 512;
const PAGE_BYTES = 4096;
const XVDA = 51712;
/** Characters of a line that a shell lets one type, less what else the command has. */
const MAX_TEXT = 700;

/** A kernel's disk as programs in its shell see it: past the page cache. */
export class ShellDisk implements BlockDevice {
  readonly name = 'xvda';
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

  get sizeBytes(): number {
    return refuse();
  }

  get canFlush(): boolean {
    return refuse();
  }

  /** sizeBytes. */
  async askSize(): Promise<number> {
    return SECTOR_BYTES * Number((await this.must('cat /sys/block/xvda/size')).output);
  }

  /** canFlush. */
  async askFlush(): Promise<boolean> {
    return (await this.must('cat /sys/block/xvda/queue/write_cache')).output === 'write back';
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const {output} = await this.guest.shell(
      `dd if=/dev/xvda iflag=direct ${blocks(offset, length, 'skip')} | gzip | base64 -w0`,
    );
    const bytes = gunzipSync(Buffer.from(output, 'base64'));
    if (bytes.length !== length) throw new Error(`${bytes.length} of ${length} bytes are read`);
    return new Uint8Array(bytes);
  }

  async write(offset: number, data: Uint8Array): Promise<void> {
    const where = blocks(offset, data.length, 'seek');
    const file = `/tmp/write-${++this.writes}`;
    const text = gzipSync(data).toString('base64');
    for (let at = 0; at < text.length; at += MAX_TEXT)
      await this.must(`echo ${text.slice(at, at + MAX_TEXT)} >> ${file}.gz.b64`);
    await this.must(
      `base64 -d ${file}.gz.b64 | gzip -d > ${file}; dd if=${file} of=/dev/xvda oflag=direct conv=notrunc ${where}`,
    );
  }

  async flush(): Promise<void> {
    await this.must('dd if=/dev/null of=/dev/xvda conv=fsync,notrunc');
  }

  async discard(offset: number, length: number, secure = false): Promise<void> {
    await this.must(`blkdiscard ${secure ? '-s ' : ''}-o ${offset} -l ${length} /dev/xvda`);
  }

  /** The last that its kernel and shell said. */
  get consoleLines(): string[] {
    return this.guest.lastLines(CONSOLE_LINES);
  }

  stats(): Readonly<Record<string, number>> {
    return {};
  }

  private async must(command: string): Promise<CommandEnd> {
    const end = await this.guest.shell(command);
    if (end.status !== 0) throw new Error(`${command}: exit status ${end.status}`);
    return end;
  }
}

const refuse = (): never => {
  throw new Inconclusive('a kernel has to be asked by its shell');
};

/** In one piece where it can be, so that it is one request as far as the driver makes one of it. */
const blocks = (offset: number, length: number, skip: 'skip' | 'seek'): string => {
  // dd goes by the page cache for less.
  if (offset % PAGE_BYTES !== 0 || length % PAGE_BYTES !== 0)
    throw new Inconclusive('programs of the guest ask for whole pages');
  const blockBytes = offset % length === 0 ? length : PAGE_BYTES;
  return `bs=${blockBytes} ${skip}=${offset / blockBytes} count=${length / blockBytes}`;
};
