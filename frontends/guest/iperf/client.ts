import {NS_PER_S} from '../../../hypervisor/schedule/index.ts';
import type {CommandContext} from '../commands/context.ts';
import {openStream} from '../commands/open-stream.ts';
import {formatIp, type IpAddress, type UdpEndpoint} from '../net/index.ts';
import {withTimeout} from '../sleep.ts';
import {
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
import {Flow, type FlowShape} from './flow.ts';
import {REPORT_HEADER, REPORT_LINE, reportLine, udpTail} from './report.ts';
import {UdpReceiver} from './udp-receiver.ts';

export interface ClientOptions {
  address: IpAddress;
  port: number;
  udp: boolean;
  reverse: boolean;
  parallel: number;
  seconds: number;
  /** Bytes in all; 0: as long as `seconds` says. */
  bytes: number;
  blockBytes: number;
  bitsPerSecond: number;
}

const COOKIE_LETTERS = 'abcdefghijklmnopqrstuvwxyz234567';
const UDP_HELLO = Uint8Array.of(0x39, 0x38, 0x37, 0x36);
const HELLO_TIMEOUT_NS = NS_PER_S;
const HELLO_ATTEMPTS = 10;
const REPORT_NS = NS_PER_S;

/** One test, as iperf3's client runs it against any iperf3 server. */
export class IperfClient {
  private readonly ctx: CommandContext;
  private readonly options: ClientOptions;
  private readonly flows: Flow[] = [];
  private readonly closers: (() => void)[] = [];
  /** What begins the sending or receiving of each stream. */
  private readonly starters: (() => Promise<void>)[] = [];

  constructor(ctx: CommandContext, options: ClientOptions) {
    this.ctx = ctx;
    this.options = options;
  }

  async run(): Promise<number> {
    const {ctx, options} = this;
    ctx.print(`Connecting to host ${formatIp(options.address)}, port ${options.port}\n`);
    try {
      await ctx.wait(this.test());
      return 0;
    } catch (error) {
      if (!(error instanceof IperfError)) throw error;
      ctx.print(`iperf3: error - ${error.message}\n`);
      return 1;
    } finally {
      for (const flow of this.flows) flow.isOver = true;
      for (const close of this.closers) close();
    }
  }

  private async test(): Promise<void> {
    const {ctx, options} = this;
    const control = await this.connect();
    const cookie = this.makeCookie();
    await control.stream.write(cookie);
    await control.expect(PARAM_EXCHANGE);
    await control.sendJson(this.parameters());
    await control.expect(CREATE_STREAMS);
    while (this.flows.length < options.parallel) await this.createStream(cookie);
    await control.expect(TEST_START);
    await control.expect(TEST_RUNNING);
    const seconds = await this.measure();
    await control.sendState(TEST_END);
    await control.expect(EXCHANGE_RESULTS);
    await control.sendJson(this.results(seconds));
    const theirs = await control.readJson<IperfResults>();
    await control.expect(DISPLAY_RESULTS);
    this.summarize(theirs, seconds);
    await control.sendState(IPERF_DONE);
    control.stream.close();
    ctx.print('\niperf Done.\n');
  }

  private async connect(): Promise<ControlChannel> {
    const {address, port} = this.options;
    const stream = await openStream(this.ctx, {address, port});
    this.closers.push(() => stream.close());
    return new ControlChannel(stream);
  }

  private makeCookie(): Uint8Array {
    const {schedule} = this.ctx.machine;
    const letter = (): number => COOKIE_LETTERS.charCodeAt(schedule.random() % COOKIE_LETTERS.length);
    const cookie = new Uint8Array(COOKIE_BYTES);
    for (let i = 0; i < COOKIE_BYTES - 1; i++) cookie[i] = letter();
    return cookie;
  }

  private parameters(): IperfParameters {
    const {udp, seconds, bytes, parallel, reverse, blockBytes, bitsPerSecond} = this.options;
    return {
      ...(udp ? {udp: true} : {tcp: true}),
      omit: 0,
      time: bytes > 0 ? 0 : seconds,
      num: bytes,
      blockcount: 0,
      parallel,
      ...(reverse ? {reverse: true} : {}),
      len: blockBytes,
      ...(bitsPerSecond > 0 ? {bandwidth: bitsPerSecond} : {}),
      pacing_timer: 1000,
      client_version: '3.12',
    };
  }

  private createStream(cookie: Uint8Array): Promise<void> {
    const flow = new Flow(this.flows.length);
    this.flows.push(flow);
    return this.options.udp ? this.createUdp(flow) : this.createTcp(flow, cookie);
  }

  private async createTcp(flow: Flow, cookie: Uint8Array): Promise<void> {
    const {address, port, reverse} = this.options;
    const {schedule} = this.ctx.machine;
    const stream = await openStream(this.ctx, {address, port});
    this.closers.push(() => stream.abort());
    await stream.write(cookie);
    this.starters.push(() => (reverse ? flow.receiveTcp(stream) : flow.sendTcp(schedule, stream, this.shape)));
  }

  /** A datagram opens a stream, and is answered. */
  private async createUdp(flow: Flow): Promise<void> {
    const {address, port, reverse} = this.options;
    const {net, schedule} = this.ctx.machine;
    const receiver = new UdpReceiver(flow, false);
    const hello = {isAnswered: false, onAnswer: (): void => undefined};
    const endpoint: UdpEndpoint = net.udp.bind({
      port: 0,
      onDatagram: ({data}) => {
        if (hello.isAnswered) receiver.receive(data, schedule.now());
        hello.isAnswered = true;
        hello.onAnswer();
      },
    });
    this.closers.push(() => endpoint.close());
    for (let i = 0; i < HELLO_ATTEMPTS && !hello.isAnswered; i++) {
      const answered = new Promise<void>((resolve) => {
        hello.onAnswer = resolve;
      });
      endpoint.send(address, port, UDP_HELLO);
      await withTimeout(schedule, HELLO_TIMEOUT_NS, answered);
    }
    if (!hello.isAnswered) throw new IperfError('unable to read from stream socket');
    this.starters.push(async () => {
      if (!reverse) await flow.sendUdp(schedule, {endpoint, peer: address, port}, this.shape);
    });
  }

  private get shape(): FlowShape {
    const {bytes, parallel, blockBytes, bitsPerSecond} = this.options;
    return {bytes: blockBytes, bitsPerSecond, limit: bytes > 0 ? bytes / parallel : Infinity};
  }

  /** Runs the streams, with a report each second; returns how long that took. */
  private async measure(): Promise<number> {
    const {ctx, options} = this;
    const {schedule} = ctx.machine;
    const startNs = schedule.now();
    const seconds = (): number => (schedule.now() - startNs) / NS_PER_S;
    const running = Promise.all(this.starters.map((start) => start()));
    running.catch(() => undefined);
    ctx.print(`${REPORT_HEADER}\n`);
    const isDone = (): boolean =>
      options.bytes > 0 ? this.total() >= options.bytes : seconds() >= options.seconds - 1e-6;
    for (let [before, from] = [0, 0]; !isDone();) {
      const leftNs = options.bytes > 0 ? REPORT_NS : options.seconds * NS_PER_S - (schedule.now() - startNs);
      await withTimeout(
        schedule,
        Math.min(REPORT_NS, leftNs),
        options.bytes > 0 ? running : new Promise(() => undefined),
      );
      ctx.print(`${reportLine('SUM', [from, seconds()], this.total() - before)}\n`);
      [before, from] = [this.total(), seconds()];
    }
    for (const flow of this.flows) flow.isOver = true;
    return seconds();
  }

  private total(): number {
    return this.flows.reduce((sum, {bytes}) => sum + bytes, 0);
  }

  private results(seconds: number): IperfResults {
    const streams = this.flows.map((flow) => flow.result(seconds));
    return {cpu_util_total: 0, cpu_util_user: 0, cpu_util_system: 0, sender_has_retransmits: 0, streams};
  }

  private summarize(theirs: IperfResults, seconds: number): void {
    const {ctx, options, flows} = this;
    ctx.print(`${REPORT_LINE}\n${REPORT_HEADER}\n`);
    for (const [i, flow] of flows.entries()) {
      const other = theirs.streams?.[i];
      const received = {jitter: other?.jitter ?? 0, lost: other?.errors ?? 0, packets: other?.packets ?? 0};
      const [sent, got] = options.reverse ? [other?.bytes ?? 0, flow.bytes] : [flow.bytes, other?.bytes ?? 0];
      const tail = options.udp ? udpTail(options.reverse ? flow : received) : '';
      ctx.print(`${reportLine(flow.id, [0, seconds], sent)}  sender\n`);
      ctx.print(`${reportLine(flow.id, [0, seconds], got)}${tail}  receiver\n`);
    }
  }
}
