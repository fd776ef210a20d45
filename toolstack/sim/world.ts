import {StorageError} from '../../backends/storage/index.ts';
import type {Rig} from '../conform/rig.ts';
import {Backends} from './backends.ts';
import {FrameModel} from './checkers/frame-model.ts';
import {leak, ledgerOf, lostPages} from './checkers/leaks.ts';
import {checkStore, nodesLeft} from './checkers/store-state.ts';
import {demand} from './finding.ts';
import {SimGuest} from './guest.ts';
import type {SimMutant} from './mutants.ts';
import type {Disturbance, Plan} from './plan.ts';
import {maxRates} from './profiles.ts';

const CONNECT_NS = 1e8;
/** By then everything that a workload has begun must have ended. */
const WORK_NS = 60e9;
/** What a driver that was stopped had begun ends by itself. */
const WIND_UP_NS = 2e9;

const noRates = Object.fromEntries(Object.keys(maxRates).map((fault) => [fault, 0])) as Plan['rates'];

/** A host of a plan, from its first guest to its last, with all checks. */
export class World {
  private readonly rig: Rig;
  private readonly plan: Plan;
  private readonly mutant: SimMutant | undefined;
  private readonly guests: SimGuest[] = [];
  private readonly frames: FrameModel;
  private readonly rates = {...noRates};
  private readonly backends: Backends;

  constructor(rig: Rig, plan: Plan, mutant: SimMutant | undefined) {
    this.rig = rig;
    this.plan = plan;
    this.frames = new FrameModel(plan.profile.queues);
    this.mutant = mutant;
    const open = (target: string) =>
      this.guests.find((guest) => guest.target === target)?.image.open(rig.schedule) ??
      new StorageError('missing', target);
    const {frames, rates} = this;
    this.backends = new Backends({rig, plan, open, frames, rates, mutant});
  }

  /** Throws what a checker finds. */
  async live(): Promise<void> {
    const {rig, plan, guests, frames, mutant, rates} = this;
    const freePages = rig.xen.freePages;
    const empty = ledgerOf(rig.dom0);
    for (const guest of plan.guests) guests.push(await SimGuest.create({rig, plan, frames, mutant, rates}, guest));
    await this.connect();
    await this.work();
    await this.unplug();
    for (const guest of guests) demand(guest.leak);
    demand(nodesLeft(rig));
    for (const guest of guests) guest.destroy();
    await rig.settle(CONNECT_NS);
    demand(leak('dom0', empty, ledgerOf(rig.dom0)));
    demand(lostPages(rig, freePages));
    await rig.run(() => checkStore(rig));
  }

  private async connect(): Promise<void> {
    this.backends.restart();
    for (const guest of this.guests) await guest.start();
    await this.rig.settle(CONNECT_NS);
    for (const {unconnected} of this.guests) demand(unconnected && `stuck: ${unconnected} did not connect`);
  }

  /** Only here do things fail: a device that cannot connect would be given up. */
  private async work(): Promise<void> {
    const {rig, plan, guests} = this;
    this.setRates(plan.rates);
    if (plan.rates.refusedGrant > 0) for (const guest of guests) guest.lose();
    const underWay = new Set<string>();
    const follow = async (name: string, ends: Promise<void>): Promise<void> => {
      underWay.add(name);
      await ends;
      underWay.delete(name);
    };
    const all = Promise.all([
      ...guests.flatMap(({workloads, death}) =>
        workloads.map((workload) => follow(workload.name, Promise.race([workload.work(), death]))),
      ),
      ...plan.disturbances.map((disturbance) =>
        follow(`${disturbance.kind} ${disturbance.number}`, this.disturb(disturbance)),
      ),
    ]);
    const tooLate = new Promise<void>((resolve) => rig.schedule.after(WORK_NS, resolve));
    await rig.run(() => Promise.race([all, tooLate]));
    demand(underWay.size === 0 ? undefined : `stuck: ${[...underWay].join(', ')}`);
    this.setRates(noRates);
    await rig.settle(WIND_UP_NS);
    this.judge();
    // Where a grant was refused, the device may have been given up.
    if (plan.rates.refusedGrant === 0) await this.recover();
  }

  private judge(): void {
    for (const {workloads, isDead} of this.guests) {
      for (const workload of workloads) {
        const fault = isDead && !workload.survives ? undefined : workload.fault();
        demand(fault && `${workload.name}: ${fault}`);
      }
    }
  }

  /** Once nothing fails any more, everything works. */
  private async recover(): Promise<void> {
    const {rig, frames} = this;
    const alive = this.guests.filter(({isDead}) => !isDead);
    for (const {unconnected} of alive) demand(unconnected && `stuck: ${unconnected} does not come back`);
    frames.calm();
    const working = alive.map((guest) => ({guest, check: guest.tryDevices()}));
    await rig.settle(WIND_UP_NS);
    for (const {guest, check} of working) demand(check(alive.filter((other) => other !== guest)));
    demand(frames.fault && `net: ${frames.fault}`);
  }

  private setRates(rates: Plan['rates']): void {
    Object.assign(this.rates, rates);
    for (const {image} of this.guests) image.followRates();
    this.backends.followRates();
    const {faults} = this.rig.xen;
    const {lateEvent, refusedGrant, storeConflict} = rates;
    Object.assign(faults.rates, {lateEvent, refusedGrant, storeConflict});
    Object.assign(faults, {active: true});
  }

  private async disturb({kind, victim, atNs}: Disturbance): Promise<void> {
    await this.rig.settle(atNs);
    const guest = this.guests[Math.floor(victim * this.guests.length)];
    if (guest.isDead) return;
    const acts: Record<Disturbance['kind'], () => Promise<void> | void> = {
      'restart-backends': () => {
        for (const each of this.guests) each.lose();
        this.backends.restart();
      },
      resume: () => guest.resume(),
      reload: () => guest.reload(),
      replug: () => guest.replug(atNs),
      destroy: () => guest.destroy(),
    };
    await acts[kind]();
  }

  private async unplug(): Promise<void> {
    await this.rig.run(() => Promise.all(this.guests.map((guest) => guest.unplug())));
    await this.rig.settle(WIND_UP_NS);
  }
}
