import {type GuestFile, openFile} from '../files.ts';
import {attempt} from './attempt.ts';
import {type Command, CommandError} from './command.ts';
import type {CommandContext} from './context.ts';
import {type DdOptions, parseDdOptions} from './dd-options.ts';
import {transferSummary} from './dd-report.ts';

/** A copy between files without waiting devices lets others run after so many bytes. */
const BYTES_PER_PAUSE = 4 * 1024 * 1024;
/** Written at a time to the console, which keeps so much in any case. */
const CONSOLE_PART_BYTES = 4096;

class Copy {
  private readonly ctx: CommandContext;
  private readonly options: DdOptions;
  private fullIn = 0;
  private partialIn = 0;
  private fullOut = 0;
  private partialOut = 0;
  private bytes = 0;

  constructor(ctx: CommandContext, options: DdOptions) {
    this.ctx = ctx;
    this.options = options;
  }

  async run(): Promise<number> {
    const {input, output, sync, status} = this.options;
    if (input === undefined) throw new CommandError('there is no standard input: if=FILE is needed');
    const {schedule} = this.ctx.machine;
    const source = await attempt(`failed to open '${input}'`, openFile(this.ctx.machine, input));
    const target =
      output === undefined ? this.console() : await attempt(`failed to open '${output}'`, this.open(output));
    const startNs = schedule.now();
    try {
      await this.copy(source, target);
      if (sync) await attempt(`fsync failed for '${output ?? 'standard output'}'`, this.ctx.wait(target.sync()));
      await attempt(`closing '${output ?? 'standard output'}'`, this.ctx.wait(target.close()));
      await attempt(`closing '${input}'`, this.ctx.wait(source.close()));
      return 0;
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      // What went wrong stands before the numbers.
      this.ctx.print(`dd: ${error.message}\n`);
      return error.status;
    } finally {
      if (status !== 'none') this.report(schedule.now() - startNs);
    }
  }

  private open(path: string): Promise<GuestFile> {
    return openFile(this.ctx.machine, path);
  }

  private console(): GuestFile {
    return {
      sizeBytes: undefined,
      read: () => Promise.resolve(new Uint8Array(0)),
      write: async (_offset, data) => {
        for (let done = 0; done < data.length; done += CONSOLE_PART_BYTES) {
          this.ctx.write(data.subarray(done, done + CONSOLE_PART_BYTES));
          await this.ctx.room();
        }
        return data.length;
      },
      sync: () => Promise.resolve(),
      close: () => Promise.resolve(),
    };
  }

  private async copy(source: GuestFile, target: GuestFile): Promise<void> {
    const {input, output, blockBytes, count, skip, seek} = this.options;
    let sincePause = 0;
    for (let block = 0; block < count; block++) {
      const offset = (skip + block) * blockBytes;
      const data = await attempt(`error reading '${input}'`, this.ctx.wait(source.read(offset, blockBytes)));
      if (data.length === 0) return;
      if (data.length === blockBytes) this.fullIn++;
      else this.partialIn++;
      await attempt(
        `error writing '${output ?? 'standard output'}'`,
        this.put(target, (seek + block) * blockBytes, data),
      );
      sincePause += data.length;
      if (sincePause < BYTES_PER_PAUSE) continue;
      sincePause = 0;
      await this.ctx.pause();
    }
  }

  private async put(target: GuestFile, offset: number, data: Uint8Array): Promise<void> {
    const written = await this.ctx.wait(target.write(offset, data));
    this.bytes += written;
    if (written === this.options.blockBytes) this.fullOut++;
    else if (written > 0) this.partialOut++;
    // The rest does not fit: the next write says so.
    if (written < data.length) await target.write(offset + written, data.subarray(written));
  }

  private report(elapsedNs: number): void {
    this.ctx.printLines([
      `${this.fullIn}+${this.partialIn} records in`,
      `${this.fullOut}+${this.partialOut} records out`,
      ...(this.options.status === 'noxfer' ? [] : [transferSummary(this.bytes, elapsedNs)]),
    ]);
  }
}

export const ddCommand: Command = {
  name: 'dd',
  usage: 'if=FILE [of=FILE] [bs=N] [count=N] [skip=N] [seek=N] [conv=fsync] [status=none|noxfer]',
  help: 'copies blocks and says how fast',
  details: [
    '  FILE  /dev/xvda ..., /dev/zero, /dev/null, /dev/random, a file of /proc; without of= the console',
    '  N     with a suffix if wanted: c w b k M G (1024), kB MB GB (1000), 2x512',
    '  skip= and seek= count blocks of bs= bytes (512) in the input and the output; conv=fsync flushes at the end',
  ],
  run: (ctx, args) => new Copy(ctx, parseDdOptions(args)).run(),
};
