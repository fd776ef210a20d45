import {NS_PER_S} from '../../../hypervisor/schedule/index.ts';
import type {CommandContext} from '../commands/context.ts';
import {type TcpListener, type TcpStream, type UdpEndpoint} from '../net/index.ts';
import {
  ACCESS_DENIED,
  ControlChannel,
  COOKIE_BYTES,
  CREATE_STREAMS,
  DISPLAY_RESULTS,
  EXCHANGE_RESULTS,
  IPERF_DONE,
  IperfError,
  type IperfParameters,
  type IperfResults,
  PARAM_EXCHANGE,
  TEST_END,
  TEST_RUNNING,
  TEST_START,
} from './control.ts';
import {Flow} from './flow.ts';
import {REPORT_HEADER, reportLine, udpTail} from './report.ts';
import {UdpReceiver} from './udp-receiver.ts';

const MAX_STREAMS = 128;
const MAX_BLOCK_BYTES = 1024 * 1024;
const DEFAULT_UDP_BITS_PER_SECOND = 1024 * 1024;
const UDP_REPLY = Uint8Array.of(0x36, 0x37, 0x38, 0x39);

/** One test of a client, as iperf3's server serves it. */
export class IperfSession {
  private readonly ctx: CommandContext;
  private readonly listener: TcpListener;
  private readonly control: ControlChannel;
  private readonly flows: Flow[] = [];
  private readonly closers: (() => void)[] = [];
  private readonly starters: (() => Promise<void>)[] = [];

  constructor(ctx: CommandContext, listener: TcpListener, stream: TcpStream) {
    this.ctx = ctx;
    this.listener = listener;
    this.control = new ControlChannel(stream);
  }

  async run(): Promise<void> {
    const {ctx, control} = this;
    const {remoteAddress, remotePort} = control.stream;
    ctx.print(`Accepted connection from ${remoteAddress}, port ${remotePort}\n`);
    try {
      await this.serve();
    } finally {
      for (const flow of this.flows) flow.isOver = true;
      for (const close of this.closers) close();
      control.stream.close();
    }
  }

  private async serve(): Promise<void> {
    const {control, ctx} = this;
    const {schedule} = ctx.machine;
    const cookie = await control.read(COOKIE_BYTES);
    await control.sendState(PARAM_EXCHANGE);
    const parameters = checkParameters(await control.readJson<IperfParameters>());
    const udp = parameters.udp === true ? this.openUdp(parameters) : undefined;
    await control.sendState(CREATE_STREAMS);
    if (udp === undefined) await this.acceptStreams(parameters, cookie);
    else await udp;
    await control.sendState(TEST_START);
    await control.sendState(TEST_RUNNING);
    const startNs = schedule.now();
    for (const start of this.starters) start().catch(() => undefined);
    await control.expect(TEST_END);
    for (const flow of this.flows) flow.isOver = true;
    const seconds = (schedule.now() - startNs) / NS_PER_S;
    await control.sendState(EXCHANGE_RESULTS);
    await control.readJson<IperfResults>();
    await control.sendJson(this.results(seconds));
    await control.sendState(DISPLAY_RESULTS);
    this.summarize(parameters, seconds);
    await control.expect(IPERF_DONE);
  }

  private async acceptStreams(parameters: IperfParameters, cookie: Uint8Array): Promise<void> {
    const {parallel, reverse, len, bandwidth = 0} = parameters;
    const {schedule} = this.ctx.machine;
    const shape = {bytes: len, bitsPerSecond: bandwidth, limit: Infinity};
    while (this.flows.length < parallel) {
      const stream = await this.listener.accept();
      const channel = new ControlChannel(stream);
      const theirs = await channel.read(COOKIE_BYTES);
      if (theirs.some((byte, i) => byte !== cookie[i])) {
        await channel.sendState(ACCESS_DENIED);
        stream.close();
        continue;
      }
      const flow = new Flow(this.flows.length);
      this.flows.push(flow);
      this.closers.push(() => stream.abort());
      this.starters.push(() => (reverse ? flow.sendTcp(schedule, stream, shape) : flow.receiveTcp(stream)));
    }
  }

  /** Each stream begins with a datagram from a port of its own, which is answered. Resolves when all have begun. */
  private openUdp(parameters: IperfParameters): Promise<void> {
    const {net, schedule} = this.ctx.machine;
    const {parallel, reverse, len, bandwidth = DEFAULT_UDP_BITS_PER_SECOND} = parameters;
    const receivers = new Map<string, UdpReceiver>();
    return new Promise((resolve) => {
      const endpoint: UdpEndpoint = net.udp.bind({
        port: this.listener.port,
        onDatagram: ({address, port, data}) => {
          const key = `${address} ${port}`;
          const known = receivers.get(key);
          if (known !== undefined) known.receive(data, schedule.now());
          else if (receivers.size < parallel) {
            const flow = new Flow(this.flows.length);
            this.flows.push(flow);
            receivers.set(key, new UdpReceiver(flow, parameters.udp_counters_64bit === 1));
            endpoint.send(address, port, UDP_REPLY);
            const shape = {bytes: len, bitsPerSecond: bandwidth, limit: Infinity};
            this.starters.push(async () => {
              if (reverse) await flow.sendUdp(schedule, {endpoint, peer: address, port}, shape);
            });
            if (receivers.size === parallel) resolve();
          }
        },
      });
      this.closers.push(() => endpoint.close());
    });
  }

  private results(seconds: number): IperfResults {
    const streams = this.flows.map((flow) => flow.result(seconds));
    return {cpu_util_total: 0, cpu_util_user: 0, cpu_util_system: 0, sender_has_retransmits: 0, streams};
  }

  private summarize({udp, reverse}: IperfParameters, seconds: number): void {
    this.ctx.print(`${REPORT_HEADER}\n`);
    for (const flow of this.flows) {
      const tail = udp === true && reverse !== true ? udpTail(flow) : '';
      const role = reverse === true ? 'sender' : 'receiver';
      this.ctx.print(`${reportLine(flow.id, [0, seconds], flow.bytes)}${tail}  ${role}\n`);
    }
  }
}

/** What a client may ask of us. */
const checkParameters = (parameters: IperfParameters): IperfParameters => {
  const {parallel, len, bandwidth = 0} = parameters;
  const isSound =
    Number.isInteger(parallel) && parallel >= 1 && parallel <= MAX_STREAMS && len >= 1 && len <= MAX_BLOCK_BYTES;
  if (!isSound || bandwidth < 0) throw new IperfError('these parameters are not to be had');
  return {...parameters, bandwidth: bandwidth === 0 ? undefined : bandwidth};
};
