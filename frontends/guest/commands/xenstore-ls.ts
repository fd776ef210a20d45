import type {XsClient} from '../../../hypervisor/xenstore/index.ts';
import {errnoOf, strerror} from '../errors.ts';
import {type Command, CommandError} from './command.ts';
import type {CommandContext} from './context.ts';
import {parseOptions} from './options.ts';
import {printableValue} from './xenstore-text.ts';

const join = (path: string, name: string): string => (path === '/' ? `/${name}` : `${path}/${name}`);

class Listing {
  private readonly ctx: CommandContext;
  private readonly xs: XsClient;
  private readonly fullPaths: boolean;
  private readonly perms: boolean;

  constructor(ctx: CommandContext, flags: ReadonlySet<string>) {
    this.ctx = ctx;
    this.xs = ctx.machine.xs;
    this.fullPaths = flags.has('f');
    this.perms = flags.has('p');
  }

  async list(path: string, depth: number): Promise<void> {
    const names = await this.names(path, depth === 0);
    for (const name of names) {
      const child = join(path, name);
      this.ctx.print(`${this.fullPaths ? child : ' '.repeat(depth) + name}${await this.describe(child)}\n`);
      await this.ctx.room();
      await this.list(child, depth + 1);
    }
  }

  private async names(path: string, mustExist: boolean): Promise<string[]> {
    try {
      const names = await this.ctx.wait(this.xs.directory(path));
      if (names !== undefined || !mustExist) return names ?? [];
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      // Below the top a directory that we may not read is passed over.
      if (!mustExist) return [];
      throw new CommandError(`xs_directory (${path}): ${strerror(errno)}`);
    }
    throw new CommandError(`xs_directory (${path}): ${strerror('ENOENT')}`);
  }

  private async describe(path: string): Promise<string> {
    const value = await this.ctx.wait(this.xs.readBytes(path).catch(() => undefined));
    const text = value === undefined ? ':' : ` = "${printableValue(value)}"`;
    if (!this.perms) return text;
    const perms = await this.ctx.wait(this.xs.getPerms(path).catch(() => undefined));
    return `${text}   (${(perms ?? []).join(',')})`;
  }
}

export const xenstoreLsCommand: Command = {
  name: 'xenstore-ls',
  usage: '[-f] [-p] [PATH...]',
  help: 'lists nodes with their values',
  details: [
    '  -f  whole paths',
    '  -p  with permissions',
    '  a PATH without / is below /local/domain/<own id>, "device" for example',
  ],
  run: async (ctx, args) => {
    const {flags, operands} = parseOptions(args, 'fp');
    const listing = new Listing(ctx, flags);
    for (const path of operands.length > 0 ? operands : ['/']) await listing.list(path, 0);
    return 0;
  },
};
