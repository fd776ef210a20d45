import type {NetInterface} from '../../frontends/guest/net/index.ts';
import {NetStack, parseCidr, parseIp} from '../../frontends/guest/net/index.ts';
import type {TcpStream} from '../../frontends/guest/net/tcp/index.ts';
import {type Schedule, virtualClock} from '../../hypervisor/schedule/index.ts';
import {FakeNic} from './machine.ts';

/** Of a frame on the cable: nothing makes it arrive once, after `delayNs`. */
export interface CableFaults {
  /** Probabilities, 0..1. */
  loss?: number;
  duplicate?: number;
  /** Takes up to 20 times as long. */
  late?: number;
  delayNs?: number;
  /** Drops a frame; `index` counts all that were sent. */
  drop?: (frame: Uint8Array, index: number) => boolean;
}

export const ip = (text: string) => {
  const address = parseIp(text);
  if (address === undefined) throw new Error(text);
  return address;
};

export const cidr = (text: string) => {
  const parsed = parseCidr(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
};

/** Two stacks on a cable that may be bad. */
export class TcpRig {
  readonly schedule: Schedule;
  readonly a: NetStack;
  readonly b: NetStack;
  readonly nicA = new FakeNic('eth0', 1);
  readonly nicB = new FakeNic('eth0', 2);
  readonly onA: NetInterface;
  readonly onB: NetInterface;
  private index = 0;

  constructor(options: {seed?: number; faults?: CableFaults; addresses?: [string, string]; mtu?: number} = {}) {
    const {seed = 1, faults = {}, addresses = ['10.0.0.1/24', '10.0.0.2/24'], mtu = 1500} = options;
    this.schedule = virtualClock(seed);
    this.a = new NetStack(this.schedule);
    this.b = new NetStack(this.schedule);
    this.nicA.mtu = mtu;
    this.nicB.mtu = mtu;
    this.onA = this.a.attach(this.nicA);
    this.onB = this.b.attach(this.nicB);
    this.onA.addAddress(cidr(addresses[0]));
    this.onB.addAddress(cidr(addresses[1]));
    this.nicA.onSend = (frame) => this.carry(frame, this.nicB, faults);
    this.nicB.onSend = (frame) => this.carry(frame, this.nicA, faults);
  }

  /** A connection from a to b, as each end has it. */
  async connect(port = 80, address = '10.0.0.2'): Promise<[TcpStream, TcpStream]> {
    const listener = this.b.tcp.listen({port});
    const {ready} = this.a.tcp.connect({address: ip(address), port});
    const both = await this.schedule.drive(Promise.all([ready, listener.accept()]));
    listener.close();
    return both;
  }

  private carry(
    frame: Uint8Array,
    to: FakeNic,
    {loss = 0, duplicate = 0, late = 0, delayNs = 100_000, drop}: CableFaults,
  ): void {
    const chance = (probability: number): boolean => this.schedule.random() / 2 ** 32 < probability;
    const index = this.index++;
    if (drop?.(frame, index) === true || chance(loss)) return;
    const copies = chance(duplicate) ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      const factor = chance(late) ? 1 + (this.schedule.random() % 20) : 1;
      this.schedule.after(delayNs * factor, () => to.receive(frame.slice()));
    }
  }
}

/** Reads to the end. */
export const readAll = async (stream: TcpStream): Promise<Uint8Array> => {
  const parts: Uint8Array[] = [];
  for (let part = await stream.read(); part !== undefined; part = await stream.read()) parts.push(part);
  return Buffer.concat(parts);
};

/** Bytes of which no two places look alike. */
export const pattern = (length: number): Uint8Array => {
  const bytes = new Uint8Array(length);
  for (let i = 0, word = 1; i < length; i++) {
    word = (Math.imul(word, 1664525) + 1013904223) >>> 0;
    bytes[i] = word >>> 24;
  }
  return bytes;
};
