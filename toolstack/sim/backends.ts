import {blockBackend} from '../../backends/block/index.ts';
import {netBackend} from '../../backends/net/index.ts';
import {Networks} from '../../backends/network/index.ts';
import type {Storage, StorageError} from '../../backends/storage/index.ts';
import {XenbusBus, type XenbusDriver} from '../../hypervisor/xenbus/index.ts';
import {XsClient} from '../../hypervisor/xenstore/index.ts';
import type {Rig} from '../conform/rig.ts';
import type {FrameModel} from './checkers/frame-model.ts';
import {drawBlockOffer, drawNetOffer} from './features.ts';
import type {SimMutant} from './mutants.ts';
import {SimBridge} from './network/sim-bridge.ts';
import {type Plan, streamOf, streams} from './plan.ts';
import type {Rates} from './profiles.ts';
import {type Side, sideOf} from './side.ts';

export interface BackendOptions {
  readonly rig: Rig;
  readonly plan: Plan;
  readonly open: (target: string) => Storage | StorageError;
  readonly frames: FrameModel;
  /** May change at any time: see {@link Backends.followRates}. */
  readonly rates: Rates;
  readonly mutant: SimMutant | undefined;
}

/** dom0's drivers, which can be loaded anew, and its network, which stays. */
export class Backends {
  private readonly side: Side;
  private readonly xs: XsClient;
  /** The same each time: pages that they keep for good are dom0's. */
  private readonly drivers: readonly XenbusDriver[];
  private readonly bridge: SimBridge;
  private bus: XenbusBus | undefined;

  constructor({rig, plan, open, frames, rates, mutant}: BackendOptions) {
    this.side = sideOf(rig.dom0.ops, 'backend', mutant);
    this.xs = new XsClient(this.side.transport(rig.store.connectInProcess(0, 'backends')));
    const {ops} = this.side;
    const {seed, profile} = plan;
    this.bridge = new SimBridge({ops, random: streamOf(seed, streams.lines), rates, frames, mutant: mutant?.network});
    const networks = new Networks(ops);
    networks.addScript('vif-bridge', () => ({bridge: this.bridge, port: {}}));
    const random = streamOf(seed, streams.backends);
    this.drivers = [
      blockBackend({open, features: drawBlockOffer(random)}),
      netBackend({networks, features: drawNetOffer(random, profile.queues)}),
    ];
  }

  /** The rates have changed. */
  followRates(): void {
    this.bridge.followRates();
  }

  /** Without a goodbye, as when the driver domain's kernel dies. */
  restart(): void {
    this.bus?.stop();
    this.bus = new XenbusBus(this.side.ops, this.xs, 'backend', this.drivers);
    this.bus.start();
  }
}
