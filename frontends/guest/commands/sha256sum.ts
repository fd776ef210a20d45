import {sha256} from '@noble/hashes/sha2.js';
import {bytesToHex} from '@noble/hashes/utils.js';
import {type GuestFile, openFile} from '../files.ts';
import {attempt} from './attempt.ts';
import {type Command, CommandError} from './command.ts';
import type {CommandContext} from './context.ts';
import {parseOptions} from './options.ts';

const CHUNK_BYTES = 1024 * 1024;

const digest = async (ctx: CommandContext, file: GuestFile): Promise<string> => {
  const hash = sha256.create();
  let offset = 0;
  let next = file.read(0, CHUNK_BYTES);
  for (;;) {
    const bytes = await ctx.wait(next);
    if (bytes.length === 0) return bytesToHex(hash.digest());
    offset += bytes.length;
    // The device works on the next part while this one is hashed.
    next = file.read(offset, CHUNK_BYTES);
    next.catch(() => undefined);
    hash.update(bytes);
    await ctx.pause();
  }
};

export const sha256sumCommand: Command = {
  name: 'sha256sum',
  usage: 'FILE...',
  help: 'prints the SHA-256 digest of devices or files',
  run: async (ctx, args) => {
    const {operands} = parseOptions(args, '');
    if (operands.length === 0) throw new CommandError('a file is needed');
    for (const path of operands) {
      const file = await attempt(path, openFile(ctx.machine, path));
      ctx.print(`${await attempt(path, digest(ctx, file))}  ${path}\n`);
      await attempt(path, file.close());
    }
    return 0;
  },
};
