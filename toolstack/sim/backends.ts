import {blockBackend, type BlockFeatures} from '../../backends/block/index.ts';
import {netBackend} from '../../backends/net/index.ts';
import {Networks} from '../../backends/network/index.ts';
import type {Storage, StorageError} from '../../backends/storage/index.ts';
import type {Random} from '../../hypervisor/schedule/index.ts';
import {XenbusBus} from '../../hypervisor/xenbus/index.ts';
import {XsClient} from '../../hypervisor/xenstore/index.ts';
import type {Rig} from '../conform/rig.ts';
import type {FrameModel} from './checkers/frame-model.ts';
import type {SimMutant} from './mutants.ts';
import {SimBridge} from './network/sim-bridge.ts';
import {type Plan, streamOf, streams} from './plan.ts';
import type {Rates} from './profiles.ts';
import {type Side, sideOf} from './side.ts';

const drawFeatures = (random: Random): Partial<BlockFeatures> => ({
  persistent: random.chance(0.6),
  grants: [0, 3, 20, 1056][random.below(4)],
  indirect: [0, 16, 256][random.below(3)],
  order: random.below(3),
  queues: 1 + random.below(4),
  flush: random.chance(0.7),
  barrier: random.chance(0.7),
  secure: random.chance(0.5),
  sector: random.chance(0.7) ? 512 : 4096,
});

export interface BackendOptions {
  readonly rig: Rig;
  readonly plan: Plan;
  readonly open: (target: string) => Storage | StorageError;
  readonly frames: FrameModel;
  /** As they are now. */
  readonly rates: Rates;
  readonly mutant: SimMutant | undefined;
}

/** dom0's drivers, which can be loaded anew, and its network, which stays. */
export class Backends {
  private readonly side: Side;
  private readonly xs: XsClient;
  private readonly open: (target: string) => Storage | StorageError;
  private readonly features: Partial<BlockFeatures>;
  private readonly networks: Networks;
  private bus: XenbusBus | undefined;

  constructor({rig, plan, open, frames, rates, mutant}: BackendOptions) {
    this.side = sideOf(rig.dom0.ops, 'backend', mutant);
    this.xs = new XsClient(this.side.transport(rig.store.connectInProcess(0, 'backends')));
    this.open = open;
    const {ops} = this.side;
    const random = streamOf(plan.seed, streams.lines);
    const bridge = new SimBridge({ops, random, rates, frames, mutant: mutant?.network});
    this.networks = new Networks(ops);
    this.networks.addScript('vif-bridge', () => ({bridge, port: {}}));
    this.features = drawFeatures(streamOf(plan.seed, streams.backends));
  }

  /** Without a goodbye, as when the driver domain's kernel dies. */
  restart(): void {
    this.bus?.stop();
    this.bus = new XenbusBus(this.side.ops, this.xs, 'backend', [
      blockBackend({open: this.open, features: this.features}),
      netBackend({networks: this.networks}),
    ]);
    this.bus.start();
  }
}
