import type {BlockDevice, NetDevice} from '../../frontends/api.ts';
import {blockFrontend} from '../../frontends/block/index.ts';
import {netFrontend} from '../../frontends/net/index.ts';
import type {Random} from '../../hypervisor/schedule/index.ts';
import {XenbusBus} from '../../hypervisor/xenbus/index.ts';
import type {Rig, RigDevice, RigDomain} from '../conform/rig.ts';
import {BROADCAST, type FrameModel, MIN_FRAME} from './checkers/frame-model.ts';
import {leak, type Ledger, ledgerOf} from './checkers/leaks.ts';
import {diskOf, macOf, nicOf} from './devices.ts';
import {drawBlockUse, drawNetUse} from './features.ts';
import {Image} from './image.ts';
import type {SimMutant} from './mutants.ts';
import {type GuestPlan, type Plan, streamOf, streams} from './plan.ts';
import type {Rates} from './profiles.ts';
import {type Side, sideOf} from './side.ts';
import {DiskWorkload} from './workloads/disk.ts';
import {NetWorkload} from './workloads/net.ts';
import {StoreWorkload} from './workloads/store.ts';
import type {Workload} from './workloads/workload.ts';

/** Of frames by which an interface is tried. */
const TRIED_LENGTHS = [MIN_FRAME, 1514, 600];

/** What all guests of a world share. */
export interface SimHost {
  readonly rig: Rig;
  readonly plan: Plan;
  readonly frames: FrameModel;
  readonly mutant: SimMutant | undefined;
  /** Rates of faults as they are now. */
  readonly rates: Rates;
}

/** A guest with our frontends, its devices, and what it does with them. */
export class SimGuest {
  readonly image: Image;
  readonly workloads: readonly Workload[];
  /** Resolves when it has been destroyed. */
  readonly death: Promise<void>;
  isDead = false;
  /** Connections that were lost so far. */
  private losses = 0;
  private readonly number: number;
  private readonly plan: Plan;
  private readonly does: GuestPlan['workloads'];
  private readonly rig: Rig;
  private readonly rigGuest: RigDomain;
  private readonly side: Side;
  private readonly random: Random;
  private readonly netRandom: Random;
  private readonly frames: FrameModel;
  private readonly idle: Ledger;
  /** Its devices have been pulled and are to come again. */
  private isAway = false;
  private onDeath: () => void = () => undefined;
  private bus: XenbusBus;
  private disk: BlockDevice | undefined;
  private nic: NetDevice | undefined;

  static async create(host: SimHost, guest: GuestPlan): Promise<SimGuest> {
    const {rig, plan, mutant} = host;
    const sides: Side[] = [];
    const rigGuest = await rig.createGuest({
      pages: plan.profile.guestPages,
      transport: (ring, ops) => {
        sides.push(sideOf(ops, 'frontend', mutant));
        return sides[0].transport(ring);
      },
    });
    return new SimGuest(host, guest, rigGuest, sides[0]);
  }

  private constructor(
    {rig, plan, frames, rates}: SimHost,
    {number, workloads}: GuestPlan,
    rigGuest: RigDomain,
    side: Side,
  ) {
    this.rig = rig;
    this.plan = plan;
    this.number = number;
    this.does = workloads;
    this.frames = frames;
    this.rigGuest = rigGuest;
    this.side = side;
    this.random = streamOf(plan.seed, streams.guest * number);
    this.netRandom = streamOf(plan.seed, streams.guest * number + 4);
    this.image = new Image(plan.profile.diskBytes, rates);
    this.idle = ledgerOf(rigGuest);
    this.death = new Promise((resolve) => (this.onDeath = resolve));
    this.bus = this.createBus();
    this.workloads = this.createWorkloads();
  }

  get name(): string {
    return `guest ${this.number}`;
  }

  /** Its interface, as dom0 calls it. */
  get vif(): string {
    return `vif${this.domid}.0`;
  }

  get target(): string {
    return `image${this.number}`;
  }

  async start(): Promise<void> {
    this.bus.start();
    for (const device of this.devices()) await this.rig.addDevice(device);
  }

  /** What does not work yet, though nothing has gone wrong so far. */
  get unconnected(): string | undefined {
    if (this.does.includes('disk') && this.disk === undefined) return `the disk of ${this.name}`;
    return this.does.includes('net') && this.nic?.carrier !== true ? `the interface of ${this.name}` : undefined;
  }

  /** Its connections are lost, or about to be: what is under way may have to be done twice, frames may be lost. */
  lose(): void {
    this.losses++;
    this.frames.shake(this.vif);
  }

  /** The guest goes on after a suspend: its frontends connect anew. */
  resume(): void {
    this.lose();
    for (const {path} of this.bus.devices) this.bus.instance(path)?.resume?.();
  }

  /** Its drivers crash, and are loaded again. */
  reload(): void {
    this.lose();
    this.bus.stop();
    [this.disk, this.nic] = [undefined, undefined];
    this.bus = this.createBus();
    this.bus.start();
  }

  /** The toolstack pulls all devices. */
  unplug(): Promise<void> {
    this.lose();
    const {xs} = this.rig.dom0;
    return xs.transaction(async (tx) => {
      for (const {type} of this.devices()) {
        if (!this.isDead) await xs.rm(`${this.path}/device/${type}`, tx);
        await xs.rm(`/local/domain/0/backend/${type}/${this.domid}`, tx);
      }
    });
  }

  /** Pulls them, and a while later others come in their place. */
  async replug(pauseNs: number): Promise<void> {
    if (this.isAway) return;
    this.isAway = true;
    await this.unplug();
    // The toolstack waits for the backend to be done.
    do await this.rig.settle(pauseNs + 1);
    while (this.image.isOpen);
    this.isAway = false;
    if (this.isDead) return;
    for (const device of this.devices()) await this.rig.addDevice(device);
  }

  /** As by `xl destroy`: nothing that it does goes on. */
  destroy(): void {
    this.isDead = true;
    this.lose();
    this.rig.destroy(this.rigGuest);
    this.onDeath();
  }

  /** Reads a sector and sends frames to all. The function that it returns says, a while later, what has not worked. */
  tryDevices(): (others: readonly SimGuest[]) => string | undefined {
    const {disk, nic, frames} = this;
    let hasRead = disk === undefined;
    disk?.read(0, disk.sectorSize).then(
      () => (hasRead = true),
      () => undefined,
    );
    const tries = TRIED_LENGTHS.map((length) => frames.make(BROADCAST, macOf(this.number), length));
    const sent = tries.filter((frame) => nic?.send(frame) === true);
    for (const frame of sent) frames.sent(this.vif, frame);
    const hears = ({nic: ear, vif}: SimGuest): boolean =>
      ear === undefined || sent.every((frame) => frames.hasReceived(vif, frame));
    return (others) => {
      if (!hasRead) return `stuck: the disk of ${this.name} does not read any more`;
      const deaf = others.find((other) => !hears(other));
      if (deaf !== undefined) return `stuck: ${deaf.name} does not hear ${this.name} any more`;
      return nic === undefined || sent.length === tries.length
        ? undefined
        : `stuck: ${this.name} does not send any more`;
    };
  }

  /** What its drivers have not given back though it has no device any more. */
  get leak(): string | undefined {
    return this.isDead ? undefined : leak(this.name, this.idle, ledgerOf(this.rigGuest));
  }

  private get domid(): number {
    return this.rigGuest.domain.id;
  }

  private get path(): string {
    return `/local/domain/${this.domid}`;
  }

  private createBus(): XenbusBus {
    const ringStart = this.random.chance(0.5) ? 0 : 0xffff_fff0;
    return new XenbusBus(this.side.ops, this.rigGuest.xs, 'frontend', [
      blockFrontend((disk) => (this.disk = disk), {ringStart, features: drawBlockUse(this.random)}),
      netFrontend((nic) => this.addNic(nic), {features: drawNetUse(this.netRandom, this.plan.profile.queues)}),
    ]);
  }

  private addNic(nic: NetDevice): void {
    this.nic = nic;
    nic.frames.subscribe((frames) => {
      for (const frame of frames) this.frames.received(this.vif, frame);
    });
  }

  private devices(): RigDevice[] {
    const {rigGuest, does, number, target} = this;
    return [
      ...(does.includes('disk') ? [diskOf(rigGuest, target)] : []),
      ...(does.includes('net') ? [nicOf(rigGuest, macOf(number))] : []),
    ];
  }

  private createWorkloads(): Workload[] {
    const {operations: calls, profile, seed} = this.plan;
    const parts = (index: number, kind: string) => ({
      name: `${kind}: ${this.name}`,
      random: streamOf(seed, streams.guest * this.number + index),
      calls,
    });
    const make: Record<GuestPlan['workloads'][number], () => Workload> = {
      disk: () =>
        new DiskWorkload({
          ...parts(1, 'disk'),
          profile,
          disk: () => this.disk,
          losses: () => this.losses,
          bytes: () => this.image.bytes,
        }),
      store: () =>
        new StoreWorkload({
          ...parts(2, 'store'),
          path: `${this.path}/data`,
          guest: this.rigGuest.xs,
          dom0: this.rig.dom0.xs,
        }),
      net: () =>
        new NetWorkload({
          ...parts(3, 'net'),
          nic: () => this.nic,
          mac: macOf(this.number),
          vif: this.vif,
          macs: Array.from({length: profile.guests[1] + 1}, (_, i) => macOf(i + 1)),
          model: this.frames,
          sleep: (delayNs) => this.rig.settle(delayNs),
        }),
    };
    return this.does.map((kind) => make[kind]());
  }
}
