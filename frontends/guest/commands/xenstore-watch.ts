import {merge, type Subscription} from 'rxjs';
import {errnoOf, strerror} from '../errors.ts';
import {type Command, CommandError} from './command.ts';
import type {CommandContext} from './context.ts';
import {numberOption, parseOptions} from './options.ts';

/** Prints paths as they change, until `count` of them have. */
const follow = (ctx: CommandContext, paths: readonly string[], count: number): Promise<void> => {
  let left = count;
  let subscription: Subscription | undefined;
  const done = new Promise<void>((resolve, reject) => {
    subscription = merge(...paths.map((path) => ctx.machine.xs.watch(path))).subscribe({
      next: (path) => {
        if (left <= 0) return;
        ctx.print(`${path}\n`);
        left--;
        if (left === 0) resolve();
      },
      error: reject,
      complete: resolve,
    });
  });
  return ctx.wait(done).finally(() => subscription?.unsubscribe());
};

export const xenstoreWatchCommand: Command = {
  name: 'xenstore-watch',
  usage: '[-n COUNT] PATH...',
  help: 'prints paths as they change, until ^C',
  details: ['  -n  until so many events; the first one comes at once'],
  run: async (ctx, args) => {
    const options = parseOptions(args, 'n:');
    const count = numberOption(options, 'n', {from: 1, to: Number.MAX_SAFE_INTEGER, fallback: Infinity});
    if (options.operands.length === 0) throw new CommandError('a path is needed');
    try {
      await follow(ctx, options.operands, count);
    } catch (error) {
      const errno = errnoOf(error);
      throw errno === undefined ? error : new CommandError(`unable to add watch: ${strerror(errno)}`);
    }
    return 0;
  },
};
