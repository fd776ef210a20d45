import {Bridge, type BridgeLink, type BridgePort, FrameArea, type FrameBatch} from '../../backends/network/index.ts';
import {type Domain, DOM0, Hypervisor} from '../../hypervisor/index.ts';
import {Random, realClock} from '../../hypervisor/schedule/index.ts';
import {ProgramOps, ProgramVcpu} from '../../hypervisor/vcpu/index.ts';
import {type BenchRow, median} from './row.ts';

const PAGES = 2048;
const AREA_PAGES = 64;
const FRAME_BYTES = 64;
/** Frames that a guest has on its ring when netback looks. */
const BATCH = 32;
const MANY_PORTS = 1000;
const MANY_ADDRESSES = 10_000;
const BATCHES = 20_000;
const ROUNDS = 15;
const NS_PER_US = 1000;

/** Counts what it gets. */
class Sink implements BridgePort {
  readonly name: string;
  received = 0;

  constructor(name: string) {
    this.name = name;
  }

  receive({lengths, count}: FrameBatch): void {
    for (let i = 0; i < count; i++) if (lengths[i] === FRAME_BYTES) this.received++;
  }
}

/** A bridge where port 0 sends, and `addresses` are learned behind the others. */
class Load {
  private readonly clock = realClock({seed: 1});
  private readonly ops: ProgramOps;
  private readonly area: FrameArea;
  private readonly sinks: Sink[];
  private readonly links: BridgeLink[];
  private readonly random = new Random(1);
  private readonly addresses: number;

  constructor(ports: number, addresses: number) {
    const xen = new Hypervisor({schedule: this.clock});
    const domain = xen.createDomain({
      domid: DOM0,
      pages: PAGES,
      privileged: true,
      vcpu: (owner: Domain, index: number) => new ProgramVcpu(owner, index, this.clock, xen.trace),
    });
    if (typeof domain === 'number') throw new Error(`createDomain: ${domain}`);
    this.ops = new ProgramOps(xen, domain, 1);
    this.area = new FrameArea(this.ops, AREA_PAGES);
    this.addresses = addresses;
    const bridge = new Bridge({name: 'xenbr0', ops: this.ops});
    this.sinks = Array.from({length: ports}, (_, i) => new Sink(`vif${i}.0`));
    this.links = this.sinks.map((sink) => {
      const link = bridge.attach(sink);
      if (link === undefined) throw new Error('the bridge is full');
      return link;
    });
    for (let address = 1; address <= addresses; address++) this.learn(address);
    this.lay(BATCH, 0, 0);
  }

  /** Nanoseconds of CPU time a frame, of a round of batches, each to another address. */
  round(): number {
    const before = this.received();
    const start = process.cpuUsage();
    for (let i = 0; i < BATCHES; i++) this.sendBatch();
    const {user, system} = process.cpuUsage(start);
    if (this.received() - before !== BATCHES * BATCH) throw new Error('the bridge has flooded or lost frames');
    return ((user + system) * NS_PER_US) / (BATCHES * BATCH);
  }

  close(): void {
    this.clock.close();
  }

  private received(): number {
    return this.sinks.reduce((sum, {received}) => sum + received, 0);
  }

  /** Addresses are behind all ports but the first. A frame to its own sender goes nowhere. */
  private learn(address: number): void {
    this.lay(1, address, address);
    this.links[1 + (address % (this.links.length - 1))].send(this.area.batch);
  }

  /** To another address each. Only that is written: the rest of the frames lies there. */
  private sendBatch(): void {
    const {batch} = this.area;
    const {u8} = batch.memory;
    const to = this.random.below(this.addresses) + 1;
    for (let i = 0; i < BATCH; i++) {
      u8[batch.offsets[i] + 4] = to >>> 8;
      u8[batch.offsets[i] + 5] = to;
    }
    this.links[0].send(batch);
  }

  private lay(count: number, to: number, from: number): void {
    this.area.reset();
    for (let i = 0; i < count; i++) {
      const at = this.area.reserve(FRAME_BYTES);
      this.ops.memory.u8.set([2, 0, 0, 0, to >>> 8, to, 2, 0, 0, 0, from >>> 8, from], at);
      this.area.batch.add(at, FRAME_BYTES);
    }
  }
}

/** What a frame costs on a large bridge, beside a small one; rounds take turns. */
export const benchBridge = (): BenchRow[] => {
  const small = new Load(2, 1);
  const large = new Load(MANY_PORTS, MANY_ADDRESSES);
  const [few, many]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    few.push(small.round());
    many.push(large.round());
  }
  small.close();
  large.close();
  return [
    {
      name: 'net: cost of a frame on a bridge of 1,000 ports and 10,000 addresses',
      value: median(many) / median(few),
      unit: 'times that of 2 ports',
      target: {value: 1.3, sense: 'at most'},
      beside: {name: '2 ports', value: median(few), unit: 'ns a frame'},
    },
  ];
};
