import type {ConnectOptions} from '../net/tcp/index.ts';
import type {TcpStream} from '../net/index.ts';
import type {CommandContext} from './context.ts';

/** Opens a TCP connection; ^C gives it up. Rejects with an errno. */
export const openStream = async (ctx: CommandContext, options: ConnectOptions): Promise<TcpStream> => {
  const {stream, ready} = ctx.machine.net.tcp.connect(options);
  try {
    return await ctx.wait(ready);
  } catch (error) {
    stream.abort();
    throw error;
  }
};
