import type {BlockDevice} from '../../frontends/api.ts';
import {blockFrontend, type BlockFrontFeatures} from '../../frontends/block/index.ts';
import type {Random} from '../../hypervisor/schedule/index.ts';
import {XenbusBus} from '../../hypervisor/xenbus/index.ts';
import type {Rig, RigDomain} from '../conform/rig.ts';
import {Image} from './image.ts';
import type {SideMutant} from './mutants.ts';
import {type GuestPlan, type Plan, streamOf, streams} from './plan.ts';
import {type Side, sideOf} from './side.ts';
import {DiskWorkload} from './workloads/disk.ts';
import {StoreWorkload} from './workloads/store.ts';
import type {Workload} from './workloads/workload.ts';

/** xvda */
const VDEV = 51712;

const drawFeatures = (random: Random): Partial<BlockFrontFeatures> => ({
  persistent: random.chance(0.6),
  indirect: [0, 13, 32, 256][random.below(4)],
  order: random.below(3),
  queues: 1 + random.below(4),
});

/** A guest with our frontends, its devices, and what it does with them. */
export class SimGuest {
  readonly rigGuest: RigDomain;
  readonly image: Image;
  /** Connections that were lost so far. */
  losses = 0;
  private disk: BlockDevice | undefined;
  private readonly number: number;
  private readonly plan: Plan;
  private readonly does: GuestPlan['workloads'];
  private readonly rig: Rig;
  private readonly side: Side;
  private readonly random: Random;
  private readonly bus: XenbusBus;

  static async create(rig: Rig, plan: Plan, guest: GuestPlan, mutant: SideMutant | undefined): Promise<SimGuest> {
    const sides: Side[] = [];
    const rigGuest = await rig.createGuest({
      pages: plan.profile.guestPages,
      transport: (ring, ops) => {
        sides.push(sideOf(ops, 'frontend', mutant));
        return sides[0].transport(ring);
      },
    });
    return new SimGuest(rig, plan, guest, rigGuest, sides[0]);
  }

  private constructor(rig: Rig, plan: Plan, {number, workloads}: GuestPlan, rigGuest: RigDomain, side: Side) {
    this.rig = rig;
    this.plan = plan;
    this.number = number;
    this.does = workloads;
    this.rigGuest = rigGuest;
    this.side = side;
    this.random = streamOf(plan.seed, streams.guest * number);
    this.image = new Image(plan.profile.diskBytes);
    const ringStart = this.random.chance(0.5) ? 0 : 0xffff_fff0;
    const options = {ringStart, features: drawFeatures(this.random)};
    this.bus = new XenbusBus(this.side.ops, rigGuest.xs, 'frontend', [
      blockFrontend((disk) => (this.disk = disk), options),
    ]);
  }

  get name(): string {
    return `guest ${this.number}`;
  }

  get target(): string {
    return `image${this.number}`;
  }

  private get dataPath(): string {
    return `/local/domain/${this.rigGuest.domain.id}/data`;
  }

  async start(): Promise<void> {
    this.bus.start();
    if (!this.does.includes('disk')) return;
    await this.rig.addDevice({
      guest: this.rigGuest,
      type: 'vbd',
      devid: VDEV,
      front: {'virtual-device': String(VDEV)},
      back: {params: this.target, mode: 'w', 'physical-device': '7:0'},
    });
  }

  /** What does not work yet, though nothing has gone wrong so far. */
  get unconnected(): string | undefined {
    return this.does.includes('disk') && this.disk === undefined ? `the disk of ${this.name}` : undefined;
  }

  workloads(): Workload[] {
    const {operations: calls, profile, seed} = this.plan;
    const parts = (index: number) => ({random: streamOf(seed, streams.guest * this.number + index), calls});
    const make: Record<GuestPlan['workloads'][number], () => Workload> = {
      disk: () =>
        new DiskWorkload({
          ...parts(1),
          name: `disk: ${this.name}`,
          profile,
          disk: () => this.disk,
          losses: () => this.losses,
          bytes: () => this.image.bytes,
        }),
      store: () =>
        new StoreWorkload({
          ...parts(2),
          name: `store: ${this.name}`,
          path: this.dataPath,
          guest: this.rigGuest.xs,
          dom0: this.rig.dom0.xs,
        }),
    };
    return this.does.map((kind) => make[kind]());
  }

  /** The guest goes on after a suspend: its frontends connect anew. */
  resume(): void {
    this.losses++;
    for (const {path} of this.bus.devices) this.bus.instance(path)?.resume?.();
  }

  /** The toolstack pulls all devices. */
  async unplug(): Promise<void> {
    const {xs} = this.rig.dom0;
    const domid = this.rigGuest.domain.id;
    await xs.transaction(async (tx) => {
      for (const type of (await xs.directory(`/local/domain/${domid}/device`, tx)) ?? []) {
        await xs.rm(`/local/domain/${domid}/device/${type}`, tx);
        await xs.rm(`/local/domain/0/backend/${type}/${domid}`, tx);
      }
    });
  }

  stop(): void {
    this.bus.stop();
  }
}
