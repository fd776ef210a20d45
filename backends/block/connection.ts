import type {Subject} from 'rxjs';
import {EVTCHNSTAT_interdomain} from '../../hypervisor/abi/event-channel.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import type {XenbusDevice} from '../../hypervisor/xenbus/index.ts';
import type {BlockFeatures} from './features.ts';
import type {FrontendNodes} from './frontend-nodes.ts';
import {type PageMaps, TransientMaps} from './page-maps.ts';
import {PersistentMaps} from './persistent-maps.ts';
import {BlockQueue} from './queue.ts';
import type {ServedDisk} from './served-disk.ts';
import type {BlockBatch, BlockMeter} from './stats.ts';
import {closeTransport, openTransport, type Transport} from '../ring-transport.ts';

export interface ConnectionOptions {
  device: XenbusDevice;
  frontend: FrontendNodes;
  features: BlockFeatures;
  disk: ServedDisk;
  meter: BlockMeter;
  batches: Subject<BlockBatch>;
  maxInFlight?: number;
  onUnsupported: (operation: number) => void;
  onBroken: (reason: string) => void;
}

interface Line {
  readonly transport: Transport;
  readonly maps: PageMaps;
  readonly queue: BlockQueue;
}

/** All queues of one frontend, from its being connected until nothing of it is mapped any more. */
export class Connection {
  private readonly ops: HypervisorOps;
  private readonly lines: readonly Line[];

  /** All rings, or a DeviceError and none. */
  constructor(options: ConnectionOptions) {
    const {device, frontend} = options;
    const {ops, otherDomid} = device;
    this.ops = ops;
    const transports: Transport[] = [];
    try {
      for (const ring of frontend.rings) transports.push(openTransport(ops, otherDomid, frontend.abi, ring));
    } catch (error) {
      for (const transport of transports) closeTransport(ops, transport);
      throw error;
    }
    this.lines = transports.map((transport) => makeLine(options, transport));
  }

  get queues(): readonly BlockQueue[] {
    return this.lines.map(({queue}) => queue);
  }

  start(): void {
    for (const {queue} of this.lines) queue.start();
  }

  /** Whether the frontend's ends of the event channels are there; they go with its domain. */
  isPeerThere(): boolean {
    return this.lines.every(({transport: {port}}) => {
      const status = this.ops.evtchnStatus(this.ops.domid, port);
      return typeof status !== 'number' && status.status === EVTCHNSTAT_interdomain;
    });
  }

  /** Resolves when no request is under way; none is taken until `goOn`. */
  async pause(): Promise<void> {
    await Promise.all(this.queues.map((queue) => new Promise<void>((resolve) => queue.pause(resolve))));
  }

  goOn(): void {
    for (const queue of this.queues) queue.goOn();
  }

  /** Resolves when nothing of the guest is mapped any more. What it takes is done at once where storage never waits. */
  async close(): Promise<void> {
    await Promise.all(this.lines.map((line) => this.closeLine(line)));
  }

  toString(): string {
    return this.queues.join('; ');
  }

  private closeLine({queue, maps, transport}: Line): Promise<void> {
    return new Promise((resolve) => {
      queue.stop(() => {
        maps.close();
        closeTransport(this.ops, transport);
        resolve();
      });
    });
  }
}

const makeLine = (options: ConnectionOptions, transport: Transport): Line => {
  const {device, frontend, features} = options;
  const {ops, otherDomid} = device;
  const maps =
    features.persistent && frontend.persistent
      ? new PersistentMaps(ops, otherDomid, features.grants)
      : new TransientMaps(ops, otherDomid);
  const {disk, meter, batches, maxInFlight, onUnsupported, onBroken} = options;
  const queue = new BlockQueue({
    ops,
    transport,
    maps,
    disk,
    features,
    meter,
    batches,
    name: device.path,
    maxInFlight,
    onUnsupported,
    onBroken,
  });
  return {transport, maps, queue};
};
