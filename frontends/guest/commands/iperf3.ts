import {errnoOf, strerror} from '../errors.ts';
import {IperfClient} from '../iperf/client.ts';
import {IPERF_PORT, IperfError} from '../iperf/control.ts';
import {IperfSession} from '../iperf/server.ts';
import {type Command, CommandError} from './command.ts';
import type {CommandContext} from './context.ts';
import {numberOption, type ParsedOptions, parseOptions} from './options.ts';
import {resolveHost} from './resolve-host.ts';

const TCP_BLOCK_BYTES = 128 * 1024;
const UDP_BLOCK_BYTES = 1448;
const UDP_BITS_PER_SECOND = 1024 * 1024;
const MAX_DATAGRAM_BYTES = 65507;
const suffixes = ['', 'k', 'm', 'g'];

/** "10M"; iperf3 counts bytes by 1024, and bits a second by 1000. */
const quantity = ({values}: ParsedOptions, letter: string, base: 1000 | 1024, fallback: number): number => {
  const text = values.get(letter);
  if (text === undefined) return fallback;
  const match = /^(\d+(?:\.\d+)?)([kmgKMG]?)$/.exec(text);
  if (match === null) throw new CommandError(`-${letter}: not a number such as 10M: ${text}`);
  return Number(match[1]) * base ** suffixes.indexOf(match[2].toLowerCase());
};

const serve = async (ctx: CommandContext, port: number, once: boolean): Promise<number> => {
  const listener = ctx.machine.net.tcp.listen({port});
  try {
    for (;;) {
      ctx.print(`-----------------------------------------------------------\nServer listening on ${port}\n`);
      const session = new IperfSession(ctx, listener, await ctx.wait(listener.accept()));
      await ctx.wait(session.run()).catch((error: unknown) => report(ctx, error));
      if (once) return 0;
    }
  } finally {
    listener.close();
  }
};

/** A client that fails costs its test, not the server. */
const report = (ctx: CommandContext, error: unknown): void => {
  const errno = errnoOf(error);
  if (error instanceof IperfError) ctx.print(`iperf3: error - ${error.message}\n`);
  else if (errno !== undefined) ctx.print(`iperf3: error - ${strerror(errno)}\n`);
  else throw error;
};

const connect = async (ctx: CommandContext, host: string, port: number, options: ParsedOptions): Promise<number> => {
  const udp = options.flags.has('u');
  const blockBytes = Math.floor(quantity(options, 'l', 1024, udp ? UDP_BLOCK_BYTES : TCP_BLOCK_BYTES));
  const maxBytes = udp ? MAX_DATAGRAM_BYTES : 1024 * 1024;
  if (blockBytes < 16 || blockBytes > maxBytes) throw new CommandError(`-l: 16 to ${maxBytes} bytes`);
  return new IperfClient(ctx, {
    address: await resolveHost(ctx, host),
    port,
    udp,
    reverse: options.flags.has('R'),
    parallel: Math.floor(numberOption(options, 'P', {from: 1, to: 128, fallback: 1})),
    seconds: numberOption(options, 't', {from: 0.1, to: 86400, fallback: 10}),
    bytes: quantity(options, 'n', 1024, 0),
    blockBytes,
    bitsPerSecond: quantity(options, 'b', 1000, udp ? UDP_BITS_PER_SECOND : 0),
  }).run();
};

export const iperf3Command: Command = {
  name: 'iperf3',
  usage: '-s [-1] | -c HOST [-u] [-R] [-t SECONDS] [-n BYTES] [-P STREAMS] [-b RATE] [-l BYTES] [-p PORT]',
  help: 'measures throughput with any iperf3',
  details: [
    '  -s  server      -1  one test only          -c  client of HOST   -p  port (5201)',
    '  -u  UDP         -b  bits/s (of UDP 1M)     -R  the server sends',
    '  -t  time (10)   -n  bytes instead of time  -P  streams (1)      -l  block size',
  ],
  run: (ctx, args) => {
    const options = parseOptions(args, 's1c:uRt:n:P:b:l:p:');
    const port = Math.floor(numberOption(options, 'p', {from: 1, to: 65535, fallback: IPERF_PORT}));
    const host = options.values.get('c');
    if (host !== undefined) return connect(ctx, host, port, options);
    if (!options.flags.has('s')) throw new CommandError('must either be a client (-c) or server (-s)');
    return serve(ctx, port, options.flags.has('1'));
  },
};
