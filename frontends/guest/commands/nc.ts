import {NS_PER_S} from '../../../hypervisor/schedule/index.ts';
import {formatIp, type IpAddress, isIpv4, parseIp, type TcpStream, UdpSocket} from '../net/index.ts';
import {withTimeout} from '../sleep.ts';
import {type Command, CommandError} from './command.ts';
import type {CommandContext} from './context.ts';
import {numberOption, parseOptions} from './options.ts';
import {resolveHost} from './resolve-host.ts';
import {openStream} from './open-stream.ts';

/** What both kinds of sockets are for nc. */
interface Wire {
  /** Undefined: the peer has ended. */
  receive(): Promise<Uint8Array | undefined>;
  send(data: Uint8Array): Promise<void>;
  /** Nothing more is typed. */
  end(): void;
  close(): void;
}

const MAX_PORT = 65535;

const needPort = (text: string | undefined): number => {
  const port = /^\d{1,5}$/.test(text ?? '') ? Number(text) : 0;
  if (port < 1 || port > MAX_PORT) throw new CommandError(`port number invalid: ${text ?? ''}`);
  return port;
};

const overTcp = (stream: TcpStream): Wire => ({
  receive: () => stream.read(),
  send: (data) => stream.write(data),
  end: () => stream.end(),
  close: () => stream.close(),
});

/** Sends to a peer, or to whoever sent first. */
const overUdp = (socket: UdpSocket, first?: {address: IpAddress; port: number}): Wire => {
  let peer = first;
  return {
    receive: async () => {
      const datagram = await socket.receive();
      if (datagram === undefined) return undefined;
      const address = parseIp(datagram.address);
      if (peer === undefined && address !== undefined) peer = {address, port: datagram.port};
      return datagram.data;
    },
    send: async (data) => {
      if (peer !== undefined) socket.send(peer.address, peer.port, data);
      await Promise.resolve();
    },
    end: () => undefined,
    close: () => socket.close(),
  };
};

/** What is typed goes out, a line at a time; ^D ends it. Never resolves after that: the peer decides. */
const sendTyped = async (ctx: CommandContext, wire: Wire): Promise<void> => {
  for (let line = await ctx.readLine(); line !== undefined; line = await ctx.readLine()) {
    await wire.send(new TextEncoder().encode(`${line}\n`));
  }
  wire.end();
  await new Promise(() => undefined);
};

const printReceived = async (ctx: CommandContext, wire: Wire): Promise<void> => {
  const decoder = new TextDecoder();
  for (let data = await wire.receive(); data !== undefined; data = await wire.receive()) {
    ctx.print(decoder.decode(data, {stream: true}));
    await ctx.room();
  }
};

const talk = async (ctx: CommandContext, wire: Wire): Promise<number> => {
  try {
    await ctx.wait(Promise.race([sendTyped(ctx, wire), printReceived(ctx, wire)]));
    return 0;
  } finally {
    wire.close();
  }
};

const listen = async (ctx: CommandContext, port: number): Promise<TcpStream> => {
  const listener = ctx.machine.net.tcp.listen({port});
  const accepted = listener.accept();
  accepted.catch(() => undefined);
  try {
    return await ctx.wait(accepted);
  } finally {
    listener.close();
  }
};

const openWire = async (ctx: CommandContext, options: ReturnType<typeof parseOptions>): Promise<Wire> => {
  const {flags, values, operands} = options;
  const {net, schedule} = ctx.machine;
  if (flags.has('l')) {
    const port = needPort(values.get('p') ?? operands.at(-1));
    return flags.has('u') ? overUdp(new UdpSocket(net.udp, port)) : overTcp(await listen(ctx, port));
  }
  const [host, portText] = operands;
  if (host === undefined) throw new CommandError('a host and a port are needed');
  const [address, port] = [await resolveHost(ctx, host), needPort(portText)];
  const localPort = values.has('p') ? needPort(values.get('p')) : 0;
  if (flags.has('u')) return overUdp(new UdpSocket(net.udp, localPort), {address, port});
  const opened = openStream(ctx, {address, port, localPort});
  const timeoutS = numberOption(options, 'w', {from: 1, to: 86400, fallback: 86400});
  const stream = await withTimeout(schedule, timeoutS * NS_PER_S, opened);
  if (stream === undefined) throw new CommandError(`connect to ${host} port ${port} failed: Connection timed out`);
  const shown = isIpv4(address) ? formatIp(address) : `[${formatIp(address)}]`;
  if (flags.has('v')) ctx.print(`Connection to ${shown} ${port} port [tcp] succeeded!\n`);
  return overTcp(stream);
};

export const ncCommand: Command = {
  name: 'nc',
  usage: '[-u] [-v] [-w SECONDS] [-p PORT] HOST PORT | [-u] -l PORT',
  help: 'sends what is typed over TCP or UDP, prints what comes',
  details: ['  -l  waits for a connection   -u  UDP   -w  time to connect   -p  own port   ^D ends what is sent'],
  run: async (ctx, args) => talk(ctx, await openWire(ctx, parseOptions(args, 'lunvNw:p:'))),
};
