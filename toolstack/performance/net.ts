import {NetStack} from '../../frontends/guest/net/index.ts';
import type {Netfront} from '../../frontends/net/index.ts';
import type {DomainMemory} from '../../hypervisor/memory/index.ts';
import {NS_PER_S, type Schedule} from '../../hypervisor/schedule/index.ts';
import {NetStand, type NetStandOptions} from './net-stand.ts';
import {type BenchRow, median} from './row.ts';

const WARM_UP_NS = NS_PER_S / 2;
const RUN_NS = NS_PER_S;
const RUNS = 5;
const SHORT_FRAME = 64;
/** An MTU of 1500 and the Ethernet header. */
const LONG_FRAME = 1514;
const LONG_PAYLOAD = 1500;
/** TCP data in a packet that is never cut, and its headers: Ethernet, IPv4, TCP. */
const UNCUT_PAYLOAD = 44 * 1448;
const UNCUT_HEADERS = 14 + 20 + 20;
const SEGMENT_BYTES = 1448;
/** Where a frame carries a number, so that no two are alike. */
const NUMBER_AT = 14;
const QUEUES = 4;
/** Written at a time, as iperf3 does. */
const BLOCK_BYTES = 128 * 1024;
const TCP_PORT = 5001;

/** Keeps the sender's rings full of frames to `to` and counts what arrives. */
class Flood {
  received = 0;
  private readonly from: Netfront;
  private readonly memory: DomainMemory;
  private readonly frame: Uint8Array;
  private sent = 0;

  constructor(from: Netfront, to: Netfront, memory: DomainMemory, length: number) {
    this.from = from;
    this.memory = memory;
    this.frame = new Uint8Array(length);
    this.frame.set(to.mac, 0);
    this.frame.set(from.mac, 6);
    from.consumeRaw({receive: () => undefined, onRoom: () => this.fill()});
    to.consumeRaw({receive: (u8, offset, size) => this.take(u8, offset, size)});
    this.fill();
  }

  private take(u8: Uint8Array, offset: number, length: number): void {
    // A receiver that looks at the data, as one does.
    if (length === this.frame.length && u8[offset + length - 1] === 0) this.received++;
  }

  private fill(): void {
    const {from, memory, frame} = this;
    for (let queue = 0; queue < from.queues; queue++) {
      for (let at = from.reserve(queue); at >= 0; at = from.reserve(queue)) {
        frame[NUMBER_AT] = this.sent++;
        memory.u8.set(frame, at);
        if (!from.commit(frame.length, queue)) break;
      }
    }
    from.flush();
  }
}

/** The same with TCP packets that are still to be cut into segments, and arrive so. */
class UncutFlood {
  received = 0;
  private readonly from: Netfront;
  private readonly frame: Uint8Array;

  constructor(from: Netfront, to: Netfront) {
    this.from = from;
    this.frame = uncutPacket(from.mac, to.mac);
    from.consumeRaw({receive: () => undefined, onRoom: () => this.fill()});
    to.consumeRaw({receive: (u8, offset, size) => this.take(u8, offset, size)});
    this.fill();
  }

  private take(u8: Uint8Array, offset: number, length: number): void {
    if (length === this.frame.length && u8[offset + length - 1] === 0) this.received++;
  }

  private fill(): void {
    while (this.from.send(this.frame, {segmentBytes: SEGMENT_BYTES}));
  }
}

/** From 10.0.0.1 to 10.0.0.2, ports and numbers 0, the checksums left out. */
const uncutPacket = (from: Uint8Array, to: Uint8Array): Uint8Array => {
  const frame = new Uint8Array(UNCUT_HEADERS + UNCUT_PAYLOAD);
  const ipBytes = frame.length - 14;
  frame.set([...to, ...from, 0x08, 0x00, 0x45, 0, ipBytes >>> 8, ipBytes & 255, 0, 0, 0x40, 0, 64, 6], 0);
  frame.set([10, 0, 0, 1, 10, 0, 0, 2], 26);
  frame[46] = 5 << 4;
  return frame;
};

interface Load {
  /** Frames, or bytes, so far. */
  received: number;
}

/** What arrives in a second of what `start` keeps going between two guests; the work of both and of dom0 on one thread. */
const ratePerSecond = async (
  start: (from: Netfront, to: Netfront, stand: NetStand) => Load | Promise<Load>,
  options: NetStandOptions = {},
): Promise<number> => {
  const stand = new NetStand(options);
  const [from, to] = [await stand.connect(), await stand.connect()];
  // The bridge learns where the receiver is.
  to.send(Uint8Array.of(...from.mac, ...to.mac, 0, 0));
  await stand.schedule.sleep(WARM_UP_NS);
  const load = await start(from, to, stand);
  await stand.schedule.sleep(WARM_UP_NS);
  const rates: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const [startNs, before] = [stand.schedule.now(), load.received];
    await stand.schedule.sleep(RUN_NS);
    rates.push(((load.received - before) / (stand.schedule.now() - startNs)) * NS_PER_S);
  }
  const dropped = stand.dropped();
  stand.close();
  if (dropped > 0) throw new Error(`${dropped} frames were dropped`);
  return median(rates);
};

const framesPerSecond = (length: number, options?: NetStandOptions): Promise<number> =>
  ratePerSecond((from, to, stand) => new Flood(from, to, stand.memoryOf(from), length), options);

/** One TCP connection between the guests' own stacks. */
const startTcp = async (from: Netfront, to: Netfront, {schedule}: NetStand): Promise<Load> => {
  const [sender, receiver] = [stackOn(schedule, from, 0x0a000001), stackOn(schedule, to, 0x0a000002)];
  const listener = receiver.tcp.listen({port: TCP_PORT});
  const stream = await sender.tcp.connect({address: 0x0a000002, port: TCP_PORT}).ready;
  const accepted = await listener.accept();
  const load = {received: 0};
  void (async () => {
    const block = new Uint8Array(BLOCK_BYTES);
    for (;;) await stream.write(block);
  })();
  void (async () => {
    for (let data = await accepted.read(); data !== undefined; data = await accepted.read())
      load.received += data.length;
  })();
  return load;
};

const stackOn = (schedule: Schedule, nic: Netfront, address: number): NetStack => {
  const stack = new NetStack(schedule);
  stack.attach(nic).addAddress({address, prefix: 24});
  return stack;
};

const gigabits = (bytesPerSecond: number): number => (bytesPerSecond * 8) / 1e9;

/** Guest to guest through the bridge, with grants, checks and statistics on. */
export const benchNet = async (): Promise<BenchRow[]> => {
  const short = await framesPerSecond(SHORT_FRAME);
  const long = await framesPerSecond(LONG_FRAME);
  const mapped = await framesPerSecond(LONG_FRAME, {backend: {copybreak: 0}});
  const queues = {backend: {queues: QUEUES}, frontend: {queues: QUEUES}};
  const spread = await framesPerSecond(SHORT_FRAME, queues);
  const uncut = await ratePerSecond((from, to) => new UncutFlood(from, to));
  const tcp = await ratePerSecond(startTcp);
  const whole = {gso4: false, csum4: false};
  const tcpCut = await ratePerSecond(startTcp, {backend: whole, frontend: whole});
  return [
    {
      name: 'net: 64 bytes, guest to guest through the bridge',
      value: short / 1e6,
      unit: 'M packets/s',
      target: {value: 0.8, sense: 'at least'},
    },
    {
      name: `net: 64 bytes, ${QUEUES} queues`,
      value: spread / 1e6,
      unit: 'M packets/s',
      beside: {name: 'one queue', value: short / 1e6, unit: 'M packets/s'},
    },
    {
      name: 'net: 1500 bytes, guest to guest through the bridge',
      value: gigabits(long * LONG_PAYLOAD),
      unit: 'Gbit/s',
      target: {value: 8, sense: 'at least'},
      beside: {name: 'packets', value: long / 1e6, unit: 'M/s'},
    },
    {
      name: 'net: 1500 bytes, staged by copy (the default)',
      value: gigabits(long * LONG_PAYLOAD),
      unit: 'Gbit/s',
      beside: {name: 'staged by map', value: gigabits(mapped * LONG_PAYLOAD), unit: 'Gbit/s'},
    },
    {
      name: 'net: TCP packets of 64 KiB that are never cut (GSO)',
      value: gigabits(uncut * UNCUT_PAYLOAD),
      unit: 'Gbit/s',
      target: {value: 20, sense: 'at least'},
      beside: {name: 'packets', value: uncut / 1e3, unit: 'k/s'},
    },
    {
      name: "net: one TCP connection between the guests' own stacks",
      value: gigabits(tcp),
      unit: 'Gbit/s',
      beside: {name: 'without offloads', value: gigabits(tcpCut), unit: 'Gbit/s'},
    },
  ];
};
