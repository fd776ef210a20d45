import {type NetBackend, netBackend} from '../../backends/net/index.ts';
import {Networks} from '../../backends/network/index.ts';
import {type Netfront, netFrontend} from '../../frontends/net/index.ts';
import {type Domain, DOM0, type DomId, Hypervisor} from '../../hypervisor/index.ts';
import type {DomainMemory} from '../../hypervisor/memory/index.ts';
import {NS_PER_S, realClock, type Schedule} from '../../hypervisor/schedule/index.ts';
import {ProgramOps, ProgramVcpu} from '../../hypervisor/vcpu/index.ts';
import {XenbusBus} from '../../hypervisor/xenbus/index.ts';
import {XsClient, Xenstored} from '../../hypervisor/xenstore/index.ts';
import {type BenchRow, median} from './row.ts';

const WARM_UP_NS = NS_PER_S / 2;
const RUN_NS = NS_PER_S;
const RUNS = 5;
const PAGES = 2048;
const FIRST_FREE_GFN = 16;
const SHORT_FRAME = 64;
const MAX_QUEUES = 4;
/** An MTU of 1500 and the Ethernet header. */
const LONG_FRAME = 1514;
const LONG_PAYLOAD = 1500;
/** Bytes of the source port, which tells flows apart: the bridge's side spreads them over the receiver's queues. */
const PORT_AT = 34;
const FIRST_PORT = 0x400;
const FLOWS = 64;
/** A TCP packet that is cut by nobody on its way from guest to guest. */
const UNCUT_FRAME = 65_000;
const MSS = 1448;

interface Kernel {
  ops: ProgramOps;
  xs: XsClient;
}

/** Dom0 with a bridge, and two guests whose vifs are connected to it. */
class TwoGuests {
  readonly schedule: Schedule = realClock();
  private readonly xen = new Hypervisor({schedule: this.schedule});
  private readonly store = new Xenstored({
    domainExists: (domid) => this.xen.domain(domid) !== undefined,
    defer: (task) => this.schedule.post(task),
  });
  private readonly dom0 = this.createKernel(DOM0);
  private readonly vifs: NetBackend[] = [];
  private readonly memories = new Map<Netfront, DomainMemory>();

  constructor() {
    const driver = netBackend({
      networks: new Networks(this.dom0.ops),
      features: {queues: MAX_QUEUES},
      onVif: (vif) => this.vifs.push(vif),
    });
    new XenbusBus(this.dom0.ops, this.dom0.xs, 'backend', [driver]).start();
  }

  /** The interface of a new guest, once it is connected. */
  async connect(queues = 1): Promise<Netfront> {
    const guest = this.createKernel();
    const connected = new Promise<Netfront>((resolve) => {
      new XenbusBus(guest.ops, guest.xs, 'frontend', [netFrontend(resolve, {features: {queues}})]).start();
    });
    await this.addVif(guest.ops.domid);
    const nic = await connected;
    this.memories.set(nic, guest.ops.memory);
    return nic;
  }

  memoryOf(nic: Netfront): DomainMemory {
    const memory = this.memories.get(nic);
    if (memory === undefined) throw new Error(`${nic.name} is of no guest here`);
    return memory;
  }

  /** Frames that did not arrive. */
  dropped(): number {
    return this.vifs.map((vif) => vif.stats()).reduce((sum, stats) => sum + stats.rxDropped + stats.txErrors, 0);
  }

  close(): void {
    this.schedule.close();
  }

  private async addVif(domid: number): Promise<void> {
    const frontend = `/local/domain/${domid}/device/vif/0`;
    const backend = `/local/domain/0/backend/vif/${domid}/0`;
    const mac = `00:16:3e:00:00:0${domid}`;
    const ends = {
      [frontend]: {backend, 'backend-id': '0', state: '1', mac},
      [backend]: {frontend, 'frontend-id': String(domid), online: '1', state: '1', mac, 'hotplug-status': 'connected'},
    };
    const {xs} = this.dom0;
    await xs.write(`/local/domain/${domid}`, '');
    await xs.setPerms(`/local/domain/${domid}`, ['n0', `r${domid}`]);
    await xs.transaction(async (tx) => {
      for (const [path, nodes] of Object.entries(ends)) {
        await xs.write(path, '', tx);
        await xs.setPerms(path, path === frontend ? [`n${domid}`, 'r0'] : ['n0', `r${domid}`], tx);
        for (const [key, value] of Object.entries(nodes)) await xs.write(`${path}/${key}`, value, tx);
      }
    });
  }

  private createKernel(domid?: DomId): Kernel {
    const domain = this.xen.createDomain({
      domid,
      pages: PAGES,
      privileged: domid === DOM0,
      vcpu: (owner: Domain, index: number) => new ProgramVcpu(owner, index, this.schedule, this.xen.trace),
    });
    if (typeof domain === 'number') throw new Error(`createDomain: ${domain}`);
    this.xen.unpause(domain);
    const ops = new ProgramOps(this.xen, domain, FIRST_FREE_GFN);
    return {ops, xs: new XsClient(this.store.connectInProcess(domain.id))};
  }
}

interface Workload {
  length: number;
  queues?: number;
  /** TCP packets that are left to others to cut. */
  isUncut?: boolean;
}

/** TCP over IPv4, in as far as anybody looks at it here. */
const tcpFrame = (to: Uint8Array, from: Uint8Array, length: number): Uint8Array => {
  const frame = new Uint8Array(length);
  const words = new DataView(frame.buffer);
  frame.set([...to, ...from, 8, 0, 0x45]);
  words.setUint16(16, length - 14);
  frame.set([64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2], 22);
  words.setUint16(PORT_AT, FIRST_PORT);
  frame[46] = 0x50;
  return frame;
};

/** Keeps the sender's rings full of frames to `to` and counts what arrives. */
class Flood {
  received = 0;
  private readonly from: Netfront;
  private readonly memory: DomainMemory;
  private readonly frame: Uint8Array;
  private readonly queues: number;
  private readonly isUncut: boolean;
  private sent = 0;

  constructor(from: Netfront, to: Netfront, memory: DomainMemory, {length, queues = 1, isUncut = false}: Workload) {
    this.from = from;
    this.memory = memory;
    this.isUncut = isUncut;
    this.queues = queues;
    this.frame = tcpFrame(to.mac, from.mac, length);
    from.consumeRaw({receive: () => undefined, onRoom: () => this.fill()});
    to.consumeRaw({receive: (u8, offset, size) => this.take(u8, offset, size)});
    this.fill();
  }

  private take(u8: Uint8Array, offset: number, length: number): void {
    // A receiver that looks at the data, as one does.
    if (length === this.frame.length && u8[offset + length - 1] === 0) this.received++;
  }

  private fill(): void {
    if (this.isUncut) while (this.from.send(this.frame, {segmentBytes: MSS}));
    else for (let queue = 0; queue < this.queues; queue++) this.fillQueue(queue);
    this.from.flush();
  }

  private fillQueue(queue: number): void {
    const {from, memory, frame} = this;
    for (let at = from.reserve(queue); at >= 0; at = from.reserve(queue)) {
      frame[PORT_AT + 1] = this.sent++ % FLOWS;
      memory.u8.set(frame, at);
      if (!from.commit(frame.length, queue)) return;
    }
  }
}

/**
 * Frames a second from one guest to another, the work of both guests and of dom0 on one thread; and the share of all that
 * was dropped. Of several queues the receiver's fullest overflows, as nobody holds the sender back.
 */
const flood = async (workload: Workload): Promise<{rate: number; dropped: number}> => {
  const host = new TwoGuests();
  const [from, to] = [await host.connect(workload.queues), await host.connect(workload.queues)];
  // The bridge learns where the receiver is.
  to.send(Uint8Array.of(...from.mac, ...to.mac, 0, 0));
  await host.schedule.sleep(WARM_UP_NS);
  const traffic = new Flood(from, to, host.memoryOf(from), workload);
  await host.schedule.sleep(WARM_UP_NS);
  const rates: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const [startNs, before] = [host.schedule.now(), traffic.received];
    await host.schedule.sleep(RUN_NS);
    rates.push(((traffic.received - before) / (host.schedule.now() - startNs)) * NS_PER_S);
  }
  const dropped = host.dropped() / (host.dropped() + traffic.received);
  host.close();
  return {rate: median(rates), dropped};
};

/** Where nothing may be dropped. */
const framesPerSecond = async (workload: Workload): Promise<number> => {
  const {rate, dropped} = await flood(workload);
  if (dropped > 0) throw new Error(`${(dropped * 100).toFixed(1)} % of the frames were dropped`);
  return rate;
};

/** Guest to guest through the bridge, with grants, checks and statistics on. */
export const benchNet = async (): Promise<BenchRow[]> => {
  const short = await framesPerSecond({length: SHORT_FRAME});
  const long = await framesPerSecond({length: LONG_FRAME});
  const uncut = await framesPerSecond({length: UNCUT_FRAME, isUncut: true});
  const rows: BenchRow[] = [
    {
      name: 'net: 64 bytes, guest to guest through the bridge',
      value: short / 1e6,
      unit: 'M packets/s',
      target: {value: 0.8, sense: 'at least'},
    },
    {
      name: 'net: 1500 bytes, guest to guest through the bridge',
      value: (long * LONG_PAYLOAD * 8) / 1e9,
      unit: 'Gbit/s',
      target: {value: 8, sense: 'at least'},
      beside: {name: 'packets', value: long / 1e6, unit: 'M/s'},
    },
    {
      name: `net: TCP of ${UNCUT_FRAME} bytes, not cut on its way`,
      value: (uncut * UNCUT_FRAME * 8) / 1e9,
      unit: 'Gbit/s',
      target: {value: 20, sense: 'at least'},
    },
  ];
  for (const queues of [2, MAX_QUEUES]) {
    const {rate, dropped} = await flood({length: SHORT_FRAME, queues});
    const beside = {name: 'dropped', value: dropped * 100, unit: '%'};
    rows.push({name: `net: ${queues} queues, 64 bytes`, value: rate / 1e6, unit: 'M packets/s', beside});
  }
  return rows;
};
