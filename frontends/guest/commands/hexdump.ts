import {openFile} from '../files.ts';
import {attempt} from './attempt.ts';
import {type Command, CommandError} from './command.ts';
import {parseAmount} from './dd-options.ts';
import {HexdumpLines} from './hexdump-lines.ts';
import {type ParsedOptions, parseOptions} from './options.ts';

const CHUNK_BYTES = 4096;

const amount = (options: ParsedOptions, letter: string, fallback: number): number => {
  const text = options.values.get(letter);
  if (text === undefined) return fallback;
  const radix = /^0x[0-9a-f]+$/i.test(text);
  return radix ? Number.parseInt(text, 16) : parseAmount(text);
};

export const hexdumpCommand: Command = {
  name: 'hexdump',
  usage: '[-Cv] [-n LENGTH] [-s SKIP] FILE',
  help: 'shows bytes in hexadecimal',
  details: [
    '  -C  bytes and characters',
    '  -v  all lines, not * for equal ones',
    '  -n, -s  in bytes; k, M, G and 0x are known',
  ],
  run: async (ctx, args) => {
    const options = parseOptions(args, 'Cvn:s:');
    const [path] = options.operands;
    if (path === undefined) throw new CommandError('a file is needed');
    const offset = amount(options, 's', 0);
    const end = offset + amount(options, 'n', Infinity);
    const file = await attempt(path, openFile(ctx.machine, path));
    const lines = new HexdumpLines({offset, canonical: options.flags.has('C'), squeeze: !options.flags.has('v')});
    for (let at = offset; at < end;) {
      const bytes = await attempt(path, ctx.wait(file.read(at, Math.min(CHUNK_BYTES, end - at))));
      if (bytes.length === 0) break;
      at += bytes.length;
      ctx.printLines(lines.push(bytes));
      await ctx.room();
      await ctx.pause();
    }
    ctx.printLines(lines.end());
    await attempt(path, file.close());
    return 0;
  },
};
