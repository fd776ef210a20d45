import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {DeviceError} from '../../hypervisor/xenbus/index.ts';
import type {GrantKeeper} from '../grant-keeper.ts';
import {type FrameReceiver, RxRing} from './rx-ring.ts';
import type {NetStats} from './stats.ts';
import {type Fault, TxRing} from './tx-ring.ts';

/** Who uses a connection. The calls come from its event handlers. */
export interface NetConsumer {
  /** Each frame received. */
  receive: FrameReceiver;
  /** The frames of one event have all been received. */
  endBatch(): void;
  /** The backend is done with frames, so that there is room for others. */
  onRoom(): void;
}

export interface QueueOptions {
  ops: HypervisorOps;
  /** The backend's domain. */
  domid: number;
  /** An event channel for each direction. */
  splitChannels: boolean;
  /** The backend may see what is left of earlier packets. */
  trusted: boolean;
  stats: NetStats;
  keeper: GrantKeeper;
  consumer: NetConsumer;
  /** The backend does what it must not: the rings are not looked at any more. */
  onFault: (fault: Fault) => void;
}

/** One pair of rings and its event channels. */
export class NetQueue {
  readonly tx: TxRing;
  readonly rx: RxRing;
  readonly txPort: number;
  readonly rxPort: number;
  private readonly ops: HypervisorOps;
  private readonly stats: NetStats;
  private readonly consumer: NetConsumer;
  private readonly onFault: (fault: Fault) => void;
  /** What gives back all that we hold. */
  private readonly releases: (() => void)[] = [];
  private isLive = true;

  /** DeviceError when pages, grants or ports have run out; nothing stays held then. */
  constructor(options: QueueOptions) {
    const {ops, domid, stats, keeper} = options;
    this.ops = ops;
    this.stats = stats;
    this.consumer = options.consumer;
    this.onFault = options.onFault;
    try {
      this.tx = new TxRing(ops, domid, options.trusted, stats);
      this.releases.push(() => this.tx.release(keeper));
      this.rx = new RxRing(ops, domid, stats);
      this.releases.push(() => this.rx.release(keeper));
      this.txPort = this.openPort(domid);
      this.rxPort = options.splitChannels ? this.openPort(domid) : this.txPort;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Posts receive pages and listens. */
  start(): void {
    this.rx.fill();
    this.ops.events(this.txPort).subscribe(this.onTx);
    this.ops.events(this.rxPort).subscribe(this.onRx);
  }

  /** Publishes the requests made on the transmit ring. */
  flush(): void {
    if (this.tx.push()) this.notify(this.txPort);
  }

  /** Stops. Pages that the backend still holds go to the keeper. */
  close(): void {
    this.isLive = false;
    for (const release of this.releases.splice(0)) release();
  }

  toString(): string {
    return `tx ${String(this.tx)}, rx ${String(this.rx)}`;
  }

  private readonly onTx = (): void => {
    if (!this.isLive) return;
    const fault = this.tx.reap();
    if (fault === undefined) this.consumer.onRoom();
    else this.fail(fault);
  };

  private readonly onRx = (): void => {
    if (!this.isLive) return;
    do {
      const fault = this.rx.take(this.consumer.receive);
      if (fault !== undefined) return this.fail(fault);
      if (this.rx.fill()) this.notify(this.rxPort);
    } while (this.rx.finalCheck() > 0);
    this.consumer.endBatch();
  };

  private openPort(domid: number): number {
    const port = openPort(this.ops, domid);
    this.releases.push(() => this.ops.evtchnClose(port));
    return port;
  }

  private notify(port: number): void {
    this.stats.notifications++;
    this.ops.evtchnSend(port);
  }

  private fail(fault: Fault): void {
    this.isLive = false;
    this.onFault(fault);
  }
}

/** An event channel that the backend may bind. DeviceError when there is none. */
export const openPort = (ops: HypervisorOps, domid: number): number => {
  const port = ops.evtchnAllocUnbound(domid);
  if (port < 0) throw new DeviceError(port, 'allocating an event channel');
  return port;
};
