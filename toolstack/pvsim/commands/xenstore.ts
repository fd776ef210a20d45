import type {Argv, CommandModule} from 'yargs';
import type {XsClient} from '../../../hypervisor/xenstore/index.ts';
import {ToolstackError} from '../../errors.ts';
import type * as Nodes from '../../xenstore-cli/nodes.ts';
import type * as Snapshots from '../../xenstore-cli/snapshot.ts';

interface StoreArguments {
  socket?: string;
}

const withStore = async (socket: string | undefined, work: (xs: XsClient) => Promise<void>): Promise<void> => {
  const connect = await import('../../xenstore-cli/connect.ts');
  await connect.withStore(socket, work);
};

const nodes = (): Promise<typeof Nodes> => import('../../xenstore-cli/nodes.ts');
const snapshots = (): Promise<typeof Snapshots> => import('../../xenstore-cli/snapshot.ts');

/** As xenstore-ls cuts its lines: short of the terminal's width, or at this if it is no terminal. */
const MARGIN = 2;
const DEFAULT_WIDTH = 80;

/** Values are bytes, one a character. */
const print = (text: string): void => void process.stdout.write(text, 'latin1');
const printLine = (line: string): void => print(`${line}\n`);

const paths = (parser: Argv): Argv<{path: string[]}> =>
  parser.positional('path', {type: 'string', array: true, demandOption: true}) as Argv<{path: string[]}>;

const flag = (describe: string, alias: string): {type: 'boolean'; default: false; describe: string; alias: string} => ({
  type: 'boolean',
  default: false,
  describe,
  alias,
});

const ls: CommandModule<StoreArguments, StoreArguments & {path: string; full: boolean; perms: boolean}> = {
  command: 'ls [path]',
  describe: 'Print the tree below a node',
  builder: (parser) =>
    parser
      .positional('path', {type: 'string', default: '/'})
      .option('full', flag('Print whole paths', 'f'))
      .option('perms', flag('Print permissions', 'p')),
  handler: async ({socket, path, full, perms}) => {
    const {list} = await import('../../xenstore-cli/list.ts');
    const width = process.stdout.isTTY ? process.stdout.columns - MARGIN : DEFAULT_WIDTH;
    await withStore(socket, (xs) => list(xs, path, {fullPaths: full, perms, width}, printLine));
  },
};

const read: CommandModule<StoreArguments, StoreArguments & {path: string[]; prefix: boolean; raw: boolean}> = {
  command: 'read <path..>',
  describe: 'Print values',
  builder: (parser) =>
    paths(parser).option('prefix', flag('Print the path, too', 'p')).option('raw', flag('Bytes as they are', 'R')),
  handler: async ({socket, path, prefix, raw}) => {
    const commands = await nodes();
    await withStore(socket, async (xs) => print(await commands.read(xs, path, {prefix, raw})));
  },
};

const write: CommandModule<StoreArguments, StoreArguments & {pair: string[]; raw: boolean}> = {
  command: 'write <pair..>',
  describe: 'Set values: PATH VALUE [PATH VALUE ...]',
  builder: (parser) =>
    parser
      .positional('pair', {type: 'string', array: true, demandOption: true})
      .option('raw', flag('Backslashes mean themselves', 'R')) as Argv<StoreArguments & {pair: string[]; raw: boolean}>,
  handler: async ({socket, pair, raw}) => {
    const commands = await nodes();
    await withStore(socket, (xs) => commands.write(xs, pair.map(String), raw));
  },
};

const listCommand: CommandModule<StoreArguments, StoreArguments & {path: string[]; prefix: boolean}> = {
  command: 'list <path..>',
  describe: 'Print the names of children',
  builder: (parser) => paths(parser).option('prefix', flag('Print whole paths', 'p')),
  handler: async ({socket, path, prefix}) => {
    const commands = await nodes();
    await withStore(socket, async (xs) => print(await commands.listNames(xs, path, prefix)));
  },
};

const exists: CommandModule<StoreArguments, StoreArguments & {path: string[]}> = {
  command: 'exists <path..>',
  describe: 'Tell by the exit status whether nodes exist',
  builder: paths,
  handler: async ({socket, path}) => {
    const commands = await nodes();
    await withStore(socket, async (xs) => {
      if (!(await commands.exist(xs, path))) process.exitCode = 1;
    });
  },
};

const rm: CommandModule<StoreArguments, StoreArguments & {path: string[]; tidy: boolean}> = {
  command: 'rm <path..>',
  describe: 'Remove nodes and all below them',
  builder: (parser) => paths(parser).option('tidy', flag('Remove parents that become empty, too', 't')),
  handler: async ({socket, path, tidy}) => {
    const commands = await nodes();
    await withStore(socket, (xs) => commands.remove(xs, path, tidy));
  },
};

const chmod: CommandModule<
  StoreArguments,
  StoreArguments & {path: string; perms: string[]; upto: boolean; recurse: boolean}
> = {
  command: 'chmod <path> <perms..>',
  describe: 'Set permissions: n0 r5 ... (the owner first)',
  builder: (parser) =>
    parser
      .positional('path', {type: 'string', demandOption: true})
      .positional('perms', {type: 'string', array: true, demandOption: true})
      .option('upto', flag('Parents too', 'u'))
      .option('recurse', flag('All below, too', 'r')) as Argv<
      StoreArguments & {path: string; perms: string[]; upto: boolean; recurse: boolean}
    >,
  handler: async ({socket, path, perms, upto, recurse}) => {
    const commands = await nodes();
    await withStore(socket, (xs) => commands.chmod(xs, {path, perms, upto, recurse}));
  },
};

const watch: CommandModule<StoreArguments, StoreArguments & {path: string[]; count?: number; color: boolean}> = {
  command: 'watch <path..>',
  describe: 'Print each change at or below nodes',
  builder: (parser) =>
    paths(parser)
      .option('count', {type: 'number', alias: 'n', requiresArg: true, describe: 'End after so many events'})
      .option('color', {
        type: 'boolean',
        default: process.stdout.isTTY,
        describe: 'Print what is there now, too, in colour',
      }),
  handler: async ({socket, path, count = Infinity, color}) => {
    if (!(count > 0)) throw new ToolstackError('EINVAL', 'pvsim: --count must be above 0', 2);
    const command = await import('../../xenstore-cli/watch.ts');
    await withStore(socket, (xs) => command.watch(xs, {paths: path, count, live: color}, printLine));
  },
};

const snapshot: CommandModule<StoreArguments, StoreArguments & {path: string}> = {
  command: 'snapshot [path]',
  describe: 'Print a node and all below it at one moment',
  builder: (parser) => parser.positional('path', {type: 'string', default: '/'}),
  handler: async ({socket, path}) => {
    const {formatNode, takeSnapshot} = await snapshots();
    await withStore(socket, async (xs) => {
      for (const node of await takeSnapshot(xs, path)) printLine(formatNode(node));
    });
  },
};

const diff: CommandModule<StoreArguments, StoreArguments & {before: string; after?: string}> = {
  command: 'diff <before> [after]',
  describe: 'Compare a snapshot with another, or with the store; exit status 1: they differ',
  builder: (parser) =>
    parser.positional('before', {type: 'string', demandOption: true}).positional('after', {type: 'string'}),
  handler: async ({socket, before, after}) => {
    const {diffSnapshots, formatNode, parseSnapshot, takeSnapshot} = await snapshots();
    const {readText} = await import('../../xenstore-cli/read-text.ts');
    const old = parseSnapshot(readText(before), before);
    const compare = (now: Map<string, string>): void => {
      const lines = diffSnapshots(old, now);
      lines.forEach(printLine);
      if (lines.length > 0) process.exitCode = 1;
    };
    if (after !== undefined) return compare(parseSnapshot(readText(after), after));
    const root = old.keys().next().value ?? '/';
    await withStore(socket, async (xs) => {
      const nodesNow = await takeSnapshot(xs, root);
      compare(new Map(nodesNow.map((node) => [node.path, formatNode(node)])));
    });
  },
};

export const xenstoreCommand: CommandModule = {
  command: 'xenstore',
  describe: 'Read, write and watch the store',
  builder: (parser) =>
    [ls, read, write, listCommand, exists, rm, chmod, watch, snapshot, diff]
      .reduce((each, command) => each.command(command as CommandModule), parser)
      .option('socket', {
        type: 'string',
        requiresArg: true,
        describe: "The store's socket; else XENSTORED_PATH, else the host's",
      })
      .demandCommand(1, 'a command is missing'),
  handler: () => {},
};
