import {gunzipSync, gzipSync} from 'node:zlib';
import {NEVER} from 'rxjs';
import type {BlockDevice} from '../../../frontends/api.ts';
import {Inconclusive} from '../verdict.ts';
import type {CommandEnd, KernelGuest} from './kernel-guest.ts';

const CONSOLE_LINES = 20;
const SECTOR_BYTES = 512;
const XVDA = 51712;
/** Of a line that a terminal takes, leaving room for the rest of a command. */
const MAX_LINE = 3500;

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
    const text = gzipSync(data).toString('base64');
    if (text.length > MAX_LINE) throw new Inconclusive('too much to type into a shell');
    const file = `/tmp/write-${offset}-${data.length}`;
    await this.must(
      `echo ${text} | base64 -d | gzip -d > ${file}; dd if=${file} of=/dev/xvda oflag=direct conv=notrunc ${blocks(offset, data.length, 'seek')}`,
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
  const whole = offset % length === 0;
  const bs = whole ? length : SECTOR_BYTES;
  return `bs=${bs} ${skip}=${offset / bs} count=${length / bs}`;
};
