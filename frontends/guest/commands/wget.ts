import {NS_PER_S} from '../../../hypervisor/schedule/index.ts';
import {type GuestFile, openFile} from '../files.ts';
import {encodeRequest, HttpError, type HttpResponse, type HttpUrl, parseHttpUrl, readResponse} from '../http.ts';
import {formatIp, type TcpStream} from '../net/index.ts';
import {attempt} from './attempt.ts';
import {type Command, CommandError} from './command.ts';
import type {CommandContext} from './context.ts';
import {openStream} from './open-stream.ts';
import {parseOptions} from './options.ts';
import {resolveHost} from './resolve-host.ts';

const MAX_REDIRECTS = 20;
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Written to a file at a time: whole sectors of any disk. */
const BLOCK_BYTES = 256 * 1024;
/** As wget's: a network failure, and a server that says no. */
const EXIT_NETWORK = 4;
const EXIT_SERVER = 8;

/** Puts pieces of any size into a file in large ones. */
class FileOutput {
  private readonly file: GuestFile;
  private readonly block = new Uint8Array(BLOCK_BYTES);
  private filled = 0;
  private offset = 0;

  constructor(file: GuestFile) {
    this.file = file;
  }

  async write(data: Uint8Array): Promise<void> {
    for (let done = 0; done < data.length;) {
      const part = data.subarray(done, done + BLOCK_BYTES - this.filled);
      this.block.set(part, this.filled);
      this.filled += part.length;
      done += part.length;
      if (this.filled === BLOCK_BYTES) await this.flush();
    }
  }

  async flush(): Promise<void> {
    const written = this.filled === 0 ? 0 : await this.file.write(this.offset, this.block.subarray(0, this.filled));
    if (written < this.filled) throw new CommandError('No space left on device');
    this.offset += written;
    this.filled = 0;
  }
}

class Download {
  private readonly ctx: CommandContext;
  private readonly quiet: boolean;
  private stream: TcpStream | undefined;

  constructor(ctx: CommandContext, quiet: boolean) {
    this.ctx = ctx;
    this.quiet = quiet;
  }

  async run(url: string, target: string): Promise<number> {
    try {
      const response = await this.follow(url);
      this.say(`HTTP request sent, awaiting response... ${response.status} ${response.reason}`);
      if (response.status !== 200) return EXIT_SERVER;
      await this.save(response, target);
      return 0;
    } catch (error) {
      if (error instanceof HttpError) throw new CommandError(error.message, EXIT_NETWORK);
      throw error;
    } finally {
      this.stream?.close();
    }
  }

  private async follow(first: string): Promise<HttpResponse> {
    let text = first;
    for (let i = 0; i <= MAX_REDIRECTS; i++) {
      const url = parseHttpUrl(text);
      if (url === undefined) throw new CommandError(`${text}: only http:// is spoken`);
      const response = await this.request(url);
      const location = redirects.has(response.status) ? response.headers.get('location') : undefined;
      if (location === undefined) return response;
      this.say(`Location: ${location} [following]`);
      this.stream?.close();
      text = URL.canParse(location, text) ? new URL(location, text).href : location;
    }
    throw new CommandError(`${MAX_REDIRECTS} redirections exceeded.`, EXIT_SERVER);
  }

  private async request(url: HttpUrl): Promise<HttpResponse> {
    const {ctx} = this;
    const address = await resolveHost(ctx, url.host, EXIT_NETWORK);
    const stream = await attempt(`${formatIp(address)}:${url.port}`, openStream(ctx, {address, port: url.port}));
    this.stream = stream;
    await stream.write(encodeRequest(url));
    return ctx.wait(readResponse(() => stream.read()));
  }

  private async save({body, length}: HttpResponse, target: string): Promise<void> {
    const {ctx} = this;
    const startNs = ctx.machine.schedule.now();
    this.say(`Length: ${length ?? 'unspecified'}\nSaving to: '${target}'`);
    const file = target === '-' ? undefined : new FileOutput(await attempt(target, openFile(ctx.machine, target)));
    let bytes = 0;
    for (let next = await ctx.wait(body.next()); next.done !== true; next = await ctx.wait(body.next())) {
      bytes += next.value.length;
      if (file === undefined) {
        ctx.print(new TextDecoder().decode(next.value));
        await ctx.room();
      } else await attempt(target, ctx.wait(file.write(next.value)));
    }
    if (file !== undefined) await attempt(target, ctx.wait(file.flush()));
    const seconds = Math.max((ctx.machine.schedule.now() - startNs) / NS_PER_S, 1e-6);
    const total = length === undefined ? '' : `/${length}`;
    this.say(`(${(bytes / seconds / 1e6).toFixed(1)} MB/s) - '${target}' saved [${bytes}${total}]`);
  }

  private say(text: string): void {
    if (!this.quiet) this.ctx.print(`${text}\n`);
  }
}

export const wgetCommand: Command = {
  name: 'wget',
  usage: '[-q] -O FILE URL',
  help: 'fetches http:// URLs',
  details: ['  FILE  /dev/xvda ..., /dev/null; - is the console. There is no file system, so there is no default.'],
  run: async (ctx, args) => {
    const {flags, values, operands} = parseOptions(args, 'qO:');
    const [url] = operands;
    const target = values.get('O');
    if (url === undefined) throw new CommandError('missing URL');
    if (target === undefined) throw new CommandError('there is no file system: -O FILE is needed, - for the console');
    return new Download(ctx, flags.has('q')).run(url.includes('://') ? url : `http://${url}`, target);
  },
};
