import {virtualClock} from '../../hypervisor/schedule/index.ts';
import {createRig, type Rig} from '../conform/rig.ts';
import {Backends} from './backends.ts';
import {leak, ledgerOf, lostPages} from './checkers/leaks.ts';
import {checkStore, nodesLeft} from './checkers/store-state.ts';
import {SimGuest} from './guest.ts';
import type {SideMutant} from './mutants.ts';
import {type Disturbance, type Plan, streamOf, streams} from './plan.ts';
import {maxRates} from './profiles.ts';
import {StorageError} from '../../backends/storage/index.ts';
import type {Workload} from './workloads/workload.ts';

/** Of a whole run: with more tasks the host goes round in circles, in which virtual time stands still. */
const MAX_TASKS = 2_000_000;
/** Of backends that map what they work on: less than a guest has. */
const DOM0_PAGES = 256;
const CONNECT_NS = 1e8;
/** By then everything that a workload has begun must have ended. */
const WORK_NS = 60e9;
/** What a driver that was stopped had begun ends by itself. */
const WIND_UP_NS = 2e9;

export interface SimOptions {
  readonly mutant?: SideMutant;
  /** Keeps the trace. */
  readonly traced?: boolean;
}

export interface SimResult {
  /** What is wrong; undefined when nothing is. */
  readonly fault: string | undefined;
  readonly trace: readonly string[];
}

/** How to end what runs now. */
const running = new Set<(error: unknown) => void>();

/** To be called with what was thrown where nobody catches: tasks run outside of any promise. False when nothing runs. */
export const abortSimulation = (error: unknown): boolean => {
  for (const abort of running) abort(error);
  return running.size > 0;
};

/** What is wrong, found by a checker. */
class Found extends Error {}

const textOf = (error: unknown): string =>
  error instanceof Error && Error.stackTraceLimit > 0 ? (error.stack ?? error.message) : String(error);

const require = (fault: string | undefined): void => {
  if (fault !== undefined) throw new Found(fault);
};

/** One run of a plan: the same plan, the same run, to the byte. */
export const simulate = async (plan: Plan, {mutant, traced = false}: SimOptions = {}): Promise<SimResult> => {
  const order = streamOf(plan.seed, streams.order);
  let abort: (error: unknown) => void = () => undefined;
  const lost = new Promise<never>((_resolve, reject) => (abort = reject));
  running.add(abort);
  let tasks = 0;
  const clock = virtualClock(plan.seed, (ready) => {
    if (++tasks === MAX_TASKS) abort(new Found(`stuck: in circles, after ${MAX_TASKS} tasks`));
    return order.below(ready);
  });
  const storeLog: string[] = [];
  const rig = await createRig({clock, traced, dom0Pages: DOM0_PAGES, storeLog: (line) => storeLog.push(line)});
  let fault: string | undefined;
  try {
    await Promise.race([new World(rig, plan, mutant).live(), lost]);
    if (storeLog.length > 0) fault = `store: ${storeLog[0]}`;
  } catch (error) {
    fault = error instanceof Found ? error.message : `thrown: ${textOf(error)}`;
  } finally {
    running.delete(abort);
    rig.close();
  }
  return {fault, trace: rig.trace};
};

class World {
  private readonly rig: Rig;
  private readonly plan: Plan;
  private readonly mutant: SideMutant | undefined;
  private readonly guests: SimGuest[] = [];
  private readonly backends: Backends;

  constructor(rig: Rig, plan: Plan, mutant: SideMutant | undefined) {
    this.rig = rig;
    this.plan = plan;
    this.mutant = mutant;
    const open = (target: string) =>
      this.guests.find((guest) => guest.target === target)?.image.open(rig.schedule, this.rates) ??
      new StorageError('missing', target);
    this.backends = new Backends(rig, streamOf(plan.seed, streams.backends), open, mutant);
  }

  private rates = {...noRates};

  async live(): Promise<void> {
    const {rig, guests} = this;
    const freePages = rig.xen.freePages;
    const empty = ledgerOf(rig.dom0);
    for (const guest of this.plan.guests) guests.push(await SimGuest.create(rig, this.plan, guest, this.mutant));
    const idle = guests.map(({rigGuest}) => ledgerOf(rigGuest));
    const idleDom0 = ledgerOf(rig.dom0);
    await this.begin();
    await this.work(guests.flatMap((guest) => guest.workloads()));
    await this.unplug();
    require(leak('dom0', idleDom0, ledgerOf(rig.dom0)));
    for (const [i, {name, rigGuest}] of guests.entries()) require(leak(name, idle[i], ledgerOf(rigGuest)));
    require(nodesLeft(rig));
    for (const {rigGuest} of guests) rig.destroy(rigGuest);
    await rig.settle(CONNECT_NS);
    require(leak('dom0', empty, ledgerOf(rig.dom0)));
    require(lostPages(rig, freePages));
    await rig.run(() => checkStore(rig));
  }

  private async begin(): Promise<void> {
    this.backends.restart();
    for (const guest of this.guests) await guest.start();
    await this.rig.settle(CONNECT_NS);
    for (const {unconnected} of this.guests) require(unconnected && `stuck: ${unconnected} did not connect`);
  }

  /** Only here do things fail: a device that cannot connect would be given up. */
  private async work(workloads: readonly Workload[]): Promise<void> {
    const {rig, plan} = this;
    this.setRates(plan.rates);
    const underWay = new Set(workloads);
    const all = Promise.all([
      ...workloads.map((workload) => workload.work().finally(() => underWay.delete(workload))),
      ...plan.disturbances.map((disturbance) => this.disturb(disturbance)),
    ]);
    const stuck = new Promise<void>((resolve) => rig.schedule.after(WORK_NS, resolve));
    await rig.run(() => Promise.race([all, stuck]));
    require(
      underWay.size === 0
        ? undefined
        : `stuck: ${Array.from(underWay, ({name}) => name.replace(':', ' of')).join(', ')}`,
    );
    this.setRates(noRates);
    await rig.settle(WIND_UP_NS);
    for (const workload of workloads) {
      const fault = workload.fault();
      require(fault && `${workload.name}: ${fault}`);
    }
  }

  private setRates(rates: Plan['rates']): void {
    Object.assign(this.rates, rates);
    const {faults} = this.rig.xen;
    const {lateEvent, refusedGrant, storeConflict} = rates;
    Object.assign(faults.rates, {lateEvent, refusedGrant, storeConflict});
    Object.assign(faults, {active: true});
  }

  private async disturb({kind, victim, atNs}: Disturbance): Promise<void> {
    await new Promise<void>((resolve) => this.rig.schedule.after(atNs, resolve));
    const guest = this.guests[Math.floor(victim * this.guests.length)];
    const acts: Record<Disturbance['kind'], () => void> = {
      'restart-backends': () => {
        for (const each of this.guests) each.losses++;
        this.backends.restart();
      },
      resume: () => guest.resume(),
    };
    acts[kind]();
  }

  private async unplug(): Promise<void> {
    await this.rig.run(() => Promise.all(this.guests.map((guest) => guest.unplug())));
    await this.rig.settle(WIND_UP_NS);
  }
}

const noRates = Object.fromEntries(Object.keys(maxRates).map((fault) => [fault, 0])) as Plan['rates'];
