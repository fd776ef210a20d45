import type {Rig} from '../rig.ts';
import type {Choices} from '../choices.ts';
import type {Layer} from '../seam/layer.ts';
import type {StepLog} from '../step-log.ts';
import {Breach, Inconclusive} from '../verdict.ts';
import type {Iut} from '../iut/iut.ts';

/** Virtual time after which something that was due is taken for not coming. */
const PATIENCE_NS = 30e9;

export interface StandOptions {
  readonly iut: Iut;
  readonly choices: Choices;
  readonly log: StepLog;
  /** Outermost first; a mutant is one. */
  readonly layers: readonly Layer[];
}

/** A host in virtual time with an implementation under test on one side and a scripted peer on the other. */
export abstract class Stand {
  readonly rig: Rig;
  readonly choices: Choices;
  readonly log: StepLog;

  constructor(rig: Rig, {choices, log}: StandOptions) {
    this.rig = rig;
    this.choices = choices;
    this.log = log;
  }

  /** What a report shows of a run that went wrong, a line each. */
  abstract dump(): string[];

  /** Unless `holds`, the clause is broken: `seen` and `due` say by what, and what it wants. */
  must(holds: boolean, seen: string | (() => string), due: string): void {
    if (!holds) throw new Breach(typeof seen === 'string' ? seen : seen(), due);
  }

  /** The implementation does not do what the clause is about. */
  inconclusive(reason: string): never {
    throw new Inconclusive(reason);
  }

  /** Notes a step of the peer. */
  note(what: string): void {
    this.log.add('peer', what);
  }

  /** One of 0..options-1: by the seed, or each in turn where orders are enumerated. */
  choose(options: number): number {
    return this.choices.below(options);
  }

  /** What is ready while `part` runs goes in every order, where orders are enumerated. */
  async inEveryOrder(part: () => Promise<void>): Promise<void> {
    this.choices.exploring = true;
    await part();
    this.choices.exploring = false;
  }

  /** Lets the host run. */
  settle(ns = 1e9): Promise<void> {
    return this.rig.settle(ns);
  }

  /** Waits for what the clause makes due. Its rejection is the caller's. */
  async within<T>(promise: Promise<T>, what: string, ns = PATIENCE_NS): Promise<T> {
    const {schedule} = this.rig;
    let giveUp: (error: Breach) => void = () => undefined;
    const late = new Promise<never>((_, reject) => (giveUp = reject));
    const timer = schedule.after(ns, () => giveUp(new Breach(`nothing within ${ns / 1e9} s`, what)));
    try {
      return await schedule.drive(Promise.race([promise, late]));
    } finally {
      timer.cancel();
    }
  }

  /** Waits for a moment at which `holds`; false when there is none. */
  async until(holds: () => boolean | Promise<boolean>, ns = PATIENCE_NS): Promise<boolean> {
    for (let waitedNs = 0, stepNs = 1e6; waitedNs <= ns; waitedNs += stepNs, stepNs *= 2) {
      if (await holds()) return true;
      await this.settle(stepNs);
    }
    return holds();
  }

  /** Of the toolstack or a scripted peer: what a node holds. */
  read(path: string): Promise<string | undefined> {
    return this.rig.run(() => this.rig.dom0.xs.read(path));
  }

  write(path: string, value: string): Promise<void> {
    this.note(`writes ${path} "${value}"`);
    return this.rig.run(() => this.rig.dom0.xs.write(path, value));
  }

  remove(path: string): Promise<void> {
    this.note(`removes ${path}`);
    return this.rig.run(() => this.rig.dom0.xs.rm(path));
  }

  close(): void {
    this.rig.close();
  }
}
