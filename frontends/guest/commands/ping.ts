import {NS_PER_MS, NS_PER_S} from '../../../hypervisor/schedule/index.ts';
import {strerror} from '../errors.ts';
import {Interrupted} from '../interrupt.ts';
import {type EchoAnswer, type EchoSocket, formatIp, type IpAddress, isIpv4} from '../net/index.ts';
import {withTimeout} from '../sleep.ts';
import {type Command, CommandError} from './command.ts';
import type {CommandContext} from './context.ts';
import {numberOption, parseOptions} from './options.ts';
import {resolveHost} from './resolve-host.ts';
import {formatRtt, PingStatistics} from './ping-report.ts';

interface PingOptions {
  target: string;
  address: IpAddress;
  count: number;
  intervalNs: number;
  sizeBytes: number;
  /** How long the last answer is waited for. */
  lingerNs: number;
  ttl: number;
  quiet: boolean;
}

/** With an interval of 0 the next request follows the answer, or this. */
const FLOOD_WAIT_NS = 10 * NS_PER_MS;
const EXIT_ERROR = 2;
/** Headers of IPv4 and ICMP. */
const HEADER_BYTES = 28;
const IPV6_EXTRA_BYTES = 20;
const MAX_SIZE_BYTES = 65507;
/** Requests whose answers are still told apart. */
const MAX_OUTSTANDING = 0x8000;

const unreachable: readonly string[] = [
  'Destination Net Unreachable',
  'Destination Host Unreachable',
  'Destination Protocol Unreachable',
  'Destination Port Unreachable',
];

const unreachable6: readonly string[] = [
  'Destination unreachable: No route',
  'Destination unreachable: Administratively prohibited',
  'Destination unreachable: Beyond scope of source address',
  'Destination unreachable: Address unreachable',
  'Destination unreachable: Port unreachable',
];

const errorText = ({kind, code, from}: EchoAnswer): string => {
  if (kind === 'tooBig') return 'Packet too big';
  if (kind === 'timeExceeded') return isIpv4(from) ? 'Time to live exceeded' : 'Time exceeded: Hop limit';
  return (isIpv4(from) ? unreachable : unreachable6)[code] ?? `Destination unreachable, code ${code}`;
};

class Ping {
  private readonly ctx: CommandContext;
  private readonly options: PingOptions;
  private readonly statistics = new PingStatistics();
  private readonly socket: EchoSocket;
  private readonly payload: Uint8Array;
  /** When each request was sent; NaN once it is answered. */
  private readonly sentNs = new Map<number, number>();
  private waiting = 0;
  private onIdle: () => void = () => undefined;

  constructor(ctx: CommandContext, options: PingOptions) {
    this.ctx = ctx;
    this.options = options;
    this.payload = Uint8Array.from({length: options.sizeBytes}, (_, i) => i);
    this.socket = ctx.machine.net.echo.open((answer) => this.onAnswer(answer));
  }

  async run(): Promise<number> {
    const {target, address, sizeBytes} = this.options;
    const {schedule} = this.ctx.machine;
    const startNs = schedule.now();
    this.ctx.print(
      `PING ${target} (${formatIp(address)}) ${sizeBytes}(${sizeBytes + HEADER_BYTES + (isIpv4(address) ? 0 : IPV6_EXTRA_BYTES)}) bytes of data.\n`,
    );
    try {
      await this.sendAll();
    } catch (error) {
      // ^C ends ping with its statistics.
      if (!(error instanceof Interrupted)) throw error;
    } finally {
      this.socket.close();
    }
    this.ctx.printLines(this.statistics.lines(target, schedule.now() - startNs));
    return this.statistics.received > 0 ? 0 : 1;
  }

  private async sendAll(): Promise<void> {
    const {count, intervalNs, lingerNs} = this.options;
    for (let sequence = 1; sequence <= count; sequence++) {
      this.sendOne(sequence & 0xffff);
      if (sequence === count) break;
      if (intervalNs > 0) await this.ctx.sleep(intervalNs);
      else await this.answered(FLOOD_WAIT_NS);
      this.ctx.interrupt.check();
    }
    await this.answered(lingerNs);
  }

  /** Waits until all is answered, or so long. */
  private async answered(timeoutNs: number): Promise<void> {
    if (this.waiting === 0) return;
    const idle = new Promise<void>((resolve) => {
      this.onIdle = resolve;
    });
    await this.ctx.wait(withTimeout(this.ctx.machine.schedule, timeoutNs, idle));
  }

  private sendOne(sequence: number): void {
    this.statistics.transmitted++;
    this.forgetOldest();
    this.sentNs.set(sequence, this.ctx.machine.schedule.now());
    this.waiting++;
    const {address, ttl} = this.options;
    const error = this.socket.send(address, sequence, this.payload, ttl);
    if (error === undefined) return;
    this.settle(sequence);
    this.statistics.errors++;
    const mtu = this.ctx.machine.net.routes.lookup(address)?.interface.mtu ?? 0;
    const reason = error === 'EMSGSIZE' ? `message too long, mtu=${mtu}` : strerror(error);
    this.ctx.print(`ping: local error: ${reason}\n`);
  }

  private onAnswer(answer: EchoAnswer): void {
    const {sequence} = answer;
    const sent = this.sentNs.get(sequence);
    if (sent === undefined) return;
    const from = `From ${formatIp(answer.from)} icmp_seq=${sequence}`;
    if (answer.kind === 'reply') this.onReply(answer, this.ctx.machine.schedule.now() - sent);
    else {
      this.statistics.errors++;
      this.ctx.print(`${from} ${errorText(answer)}\n`);
    }
    this.settle(sequence);
  }

  private onReply({from, sequence, ttl, bytes}: EchoAnswer, rttNs: number): void {
    const isDuplicate = Number.isNaN(rttNs);
    if (isDuplicate) this.statistics.duplicates++;
    else this.statistics.addReply(rttNs);
    if (this.options.quiet) return;
    const time = isDuplicate ? ' (DUP!)' : ` time=${formatRtt(rttNs)} ms`;
    this.ctx.print(`${bytes} bytes from ${formatIp(from)}: icmp_seq=${sequence} ttl=${ttl}${time}\n`);
  }

  private settle(sequence: number): void {
    if (Number.isNaN(this.sentNs.get(sequence))) return;
    this.sentNs.set(sequence, Number.NaN);
    this.waiting--;
    if (this.waiting === 0) this.onIdle();
  }

  private forgetOldest(): void {
    const [oldest] = this.sentNs.keys();
    if (this.sentNs.size < MAX_OUTSTANDING || oldest === undefined) return;
    this.settle(oldest);
    this.sentNs.delete(oldest);
  }
}

export const pingCommand: Command = {
  name: 'ping',
  usage: '[-q] [-c COUNT] [-i SECONDS] [-s BYTES] [-t TTL] [-W SECONDS] HOST',
  help: 'sends ICMP echo requests',
  details: [
    '  -c  how many (else until ^C)     -i  between two (1 s; 0: at once)     -s  bytes of data (56)',
    '  -t  time to live (64)            -W  wait for the last answer (10 s)   -q  only the summary',
  ],
  run: async (ctx, args) => {
    const options = parseOptions(args, 'qnc:i:s:t:W:', EXIT_ERROR);
    const [target] = options.operands;
    if (target === undefined) throw new CommandError('usage error: Destination address required', 1);
    const address = await resolveHost(ctx, target, EXIT_ERROR);
    if (ctx.machine.net.routes.lookup(address) === undefined) {
      throw new CommandError('connect: Network is unreachable', EXIT_ERROR);
    }
    return new Ping(ctx, {
      target,
      address,
      count: numberOption(options, 'c', {from: 1, to: Number.MAX_SAFE_INTEGER, fallback: Infinity}),
      intervalNs: numberOption(options, 'i', {from: 0, to: 86400, fallback: 1}) * NS_PER_S,
      sizeBytes: Math.floor(numberOption(options, 's', {from: 0, to: MAX_SIZE_BYTES, fallback: 56})),
      lingerNs: numberOption(options, 'W', {from: 0, to: 86400, fallback: 10}) * NS_PER_S,
      ttl: Math.floor(numberOption(options, 't', {from: 1, to: 255, fallback: 64})),
      quiet: options.flags.has('q'),
    }).run();
  },
};

/** The same: the address says which family it is. */
export const ping6Command: Command = {...pingCommand, name: 'ping6', help: 'sends ICMPv6 echo requests'};
