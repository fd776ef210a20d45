import {errnoOf} from '../errors.ts';
import type {IpAddress} from '../net/index.ts';
import {CommandError} from './command.ts';
import type {CommandContext} from './context.ts';

/** The address of a host; CommandError where there is no such name. ^C ends the search. */
export const resolveHost = async (ctx: CommandContext, host: string, status = 1): Promise<IpAddress> => {
  try {
    return await ctx.wait(ctx.machine.net.resolver.resolve(host));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    throw new CommandError(`${host}: Name or service not known`, status);
  }
};
