import {NS_PER_S, type TaskQueue} from '../../../hypervisor/schedule/index.ts';
import {foldSum, getBe16, getBe32, putBe16, putBe32} from '../inet.ts';
import {ICMP, ipAt, isFragment, packetEnd, sealHeader, TCP, UDP} from './packet.ts';

/** Ports, and ids of pings, that it takes for others. */
const FIRST_PORT = 32768;
const LAST_PORT = 60999;
/** Idle flows are forgotten. @see RFC 4787, REQ-5; RFC 5382, REQ-5 */
const IDLE_NS: Readonly<Record<number, number>> = {
  [ICMP]: 60 * NS_PER_S,
  [UDP]: 300 * NS_PER_S,
  [TCP]: 7440 * NS_PER_S,
};
/** Flows at once; those that were idle longest make room. */
const MAX_FLOWS = 8192;

const ICMP_ECHO = 8;
const ICMP_ECHOREPLY = 0;

/** Where a protocol has its checksum, and the number that tells flows apart, from its header on. */
const layouts: Readonly<Record<number, {checksum: number; out: number; in: number; end: number}>> = {
  [TCP]: {checksum: 16, out: 0, in: 2, end: 20},
  [UDP]: {checksum: 6, out: 0, in: 2, end: 8},
  [ICMP]: {checksum: 2, out: 4, in: 4, end: 8},
};

interface Flow {
  readonly protocol: number;
  readonly address: number;
  readonly port: number;
  readonly outsidePort: number;
  usedNs: number;
}

/**
 * Lets many addresses use one: TCP, UDP and pings leave with the outside's address and a port of its own for each inside
 * address and port, the same one for all whom that talks to. @see RFC 4787, "Endpoint-Independent Mapping"
 */
export class Masquerade {
  private readonly schedule: TaskQueue;
  /** By inside address and port, the longest idle first. */
  private readonly inside = new Map<string, Flow>();
  private readonly outside = new Map<string, Flow>();
  private nextPort = FIRST_PORT;

  constructor(schedule: TaskQueue) {
    this.schedule = schedule;
  }

  /** Rewrites a packet, whose IPv4 header ends at `at`, that leaves with `address`. False: it cannot leave. */
  leave(frame: Uint8Array, at: number, address: number): boolean {
    const layout = layoutOf(frame, at);
    if (layout === undefined || (frame[ipAt.protocol] === ICMP && frame[at] !== ICMP_ECHO)) return false;
    const flow = this.flowFrom(frame[ipAt.protocol], getBe32(frame, ipAt.source), getBe16(frame, at + layout.out));
    if (flow === undefined) return false;
    rewrite(frame, at, {addressAt: ipAt.source, address, portAt: layout.out, port: flow.outsidePort});
    return true;
  }

  /** Rewrites a packet that came for one of its ports. False: it is for none. */
  enter(frame: Uint8Array, at: number): boolean {
    const layout = layoutOf(frame, at);
    if (layout === undefined || (frame[ipAt.protocol] === ICMP && frame[at] !== ICMP_ECHOREPLY)) return false;
    const flow = this.outside.get(`${frame[ipAt.protocol]} ${getBe16(frame, at + layout.in)}`);
    if (flow === undefined) return false;
    this.use(flow);
    rewrite(frame, at, {addressAt: ipAt.target, address: flow.address, portAt: layout.in, port: flow.port});
    return true;
  }

  private flowFrom(protocol: number, address: number, port: number): Flow | undefined {
    const known = this.inside.get(`${protocol} ${address} ${port}`);
    if (known !== undefined) return this.use(known);
    this.forgetIdle();
    const outsidePort = this.freePort(protocol);
    return outsidePort === undefined
      ? undefined
      : this.use({protocol, address, port, outsidePort, usedNs: this.schedule.now()});
  }

  /** The one used last is at the end. */
  private use(flow: Flow): Flow {
    const key = `${flow.protocol} ${flow.address} ${flow.port}`;
    flow.usedNs = this.schedule.now();
    this.inside.delete(key);
    this.inside.set(key, flow);
    this.outside.set(`${flow.protocol} ${flow.outsidePort}`, flow);
    return flow;
  }

  /** No further than the first that is in use: a flood of new flows must not cost more each time. */
  private forgetIdle(): void {
    const nowNs = this.schedule.now();
    for (const [key, flow] of this.inside) {
      const isIdle = nowNs - flow.usedNs > IDLE_NS[flow.protocol];
      if (!isIdle && this.inside.size < MAX_FLOWS) return;
      this.inside.delete(key);
      this.outside.delete(`${flow.protocol} ${flow.outsidePort}`);
    }
  }

  private freePort(protocol: number): number | undefined {
    for (let tries = FIRST_PORT; tries <= LAST_PORT; tries++) {
      const port = this.nextPort;
      this.nextPort = port === LAST_PORT ? FIRST_PORT : port + 1;
      if (!this.outside.has(`${protocol} ${port}`)) return port;
    }
    return undefined;
  }
}

/** Of a packet that can be told from others by its numbers; a fragment cannot. */
const layoutOf = (frame: Uint8Array, at: number): (typeof layouts)[number] | undefined => {
  const layout = layouts[frame[ipAt.protocol]];
  return layout === undefined || isFragment(frame) || at + layout.end > packetEnd(frame) ? undefined : layout;
};

interface Change {
  addressAt: number;
  address: number;
  /** From the protocol's header on. */
  portAt: number;
  port: number;
}

/** @see RFC 1624: checksums change by what changed under them */
const rewrite = (frame: Uint8Array, at: number, {addressAt, address, portAt, port}: Change): void => {
  const protocol = frame[ipAt.protocol];
  const checksumAt = at + layouts[protocol].checksum;
  const before = protocol === ICMP ? 0 : getBe16(frame, addressAt) + getBe16(frame, addressAt + 2);
  const removed = before + getBe16(frame, at + portAt);
  putBe32(frame, addressAt, address);
  putBe16(frame, at + portAt, port);
  const after = protocol === ICMP ? 0 : getBe16(frame, addressAt) + getBe16(frame, addressAt + 2);
  const checksum = getBe16(frame, checksumAt);
  sealHeader(frame);
  if (protocol === UDP && checksum === 0) return;
  const sum = (~checksum & 0xffff) + negated(removed) + after + port;
  const folded = foldSum(sum);
  putBe16(frame, checksumAt, protocol === UDP && folded === 0 ? 0xffff : folded);
};

/** The one's complement of a sum of 16-bit words, as a sum. */
const negated = (sum: number): number => foldSum(sum);
